-- Ends a rebuild badly: the org is owed again after a pause. After its last attempt it is in quarantine, and a dead letter
-- says why. Does nothing if the lease was lost.
create or replace function prewarm.fail_rebuild(start bigint, me text, error text, pause interval, is_dead boolean)
returns void
language plpgsql as $$
declare
  failed prewarm.leases;
begin
  update prewarm.leases l
     set holder = null, until = now() + pause, error = left(fail_rebuild.error, 1000)
   where l.holder = start and l.worker = me
  returning * into failed;
  if found and is_dead then
    call prewarm.bury_work(start, 'rebuild', 'rebuild', failed.org_id, failed.starts,
                           prewarm.quarantine_starts(), failed.error);
  end if;
end $$;
