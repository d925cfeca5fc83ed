-- Gives back a lease whose rebuild was not begun, or was cut short: neither a start nor a failure. Returns whether it was still
-- held.
create or replace function prewarm.release_lease(start bigint, me text) returns boolean
language plpgsql as $$
begin
  update prewarm.leases l
     set holder = null, starts = greatest(l.starts - 1, 0), until = now()
   where l.holder = start and l.worker = me;
  return found;
end $$;
