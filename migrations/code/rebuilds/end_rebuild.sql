-- Ends a rebuild well: closes its lease, and removes the org's dead letter. Does nothing if the lease was lost.
create or replace function prewarm.end_rebuild(id bigint) returns void
language plpgsql as $$
declare
  org uuid;
begin
  delete from prewarm.leases l where l.holder = id returning l.org_id into org;
  if found then
    delete from prewarm.dead_letters d where d.kind = 'rebuild' and d.subject = org;
  end if;
end $$;
