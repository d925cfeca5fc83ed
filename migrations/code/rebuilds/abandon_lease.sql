-- Gives back a lease under which nothing was done, as it was before: a row that the taker found stays owed.
create or replace function prewarm.abandon_lease(start bigint, me text) returns void
language plpgsql as $$
begin
  delete from prewarm.leases l where l.holder = start and l.worker = me and l.claimed_at = l.since;
  if not found then
    perform prewarm.release_lease(start, me);
  end if;
end $$;
