-- Gives back a rebuild that was not begun, or that was cut short: neither a start nor a failure. The org is owed, since its
-- version may not have been published.
create or replace function prewarm.release_rebuild(start bigint, me text) returns void
language plpgsql as $$
begin
  update prewarm.leases l
     set holder = null, starts = greatest(l.starts - 1, 0), until = now()
   where l.holder = start and l.worker = me;
end $$;
