-- Gives back a rebuild that was not begun, or that a shutdown cut short: neither a start nor a failure. The org is owed,
-- since its version may not have been published.
create or replace function prewarm.release_rebuild(id bigint) returns void
language plpgsql as $$
begin
  update prewarm.leases l
     set holder = null, starts = greatest(l.starts - 1, 0), until = now()
   where l.holder = id;
end $$;
