-- Ends a rebuild well: closes its lease, and removes the org's dead letter. Does nothing if the lease was lost. The number of
-- a start alone would not do: a database that lost its last writes gives it again.
create or replace function prewarm.end_rebuild(start bigint, me text) returns void
language plpgsql as $$
declare
  org uuid;
begin
  delete from prewarm.leases l where l.holder = start and l.worker = me returning l.org_id into org;
  if found then
    delete from prewarm.dead_letters d where d.kind = 'rebuild' and d.subject = org;
  end if;
end $$;
