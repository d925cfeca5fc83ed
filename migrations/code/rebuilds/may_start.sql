-- Whether an org's rebuild may start: none runs or backs off, and the last one was long enough ago. After one that did not end
-- well it need not be: its version may not have been published. A lease that ran out in somebody's hands is for the next
-- heartbeat, which counts the start as failed. A clock that went back makes no org wait.
create or replace function prewarm.may_start(org uuid) returns boolean
language plpgsql stable as $$
declare
  lease  prewarm.leases;
  before timestamptz;
  took   interval;
begin
  select * into lease from prewarm.leases l where l.org_id = org;
  if found then
    return lease.holder is null and lease.until <= statement_timestamp();
  end if;
  select m.rebuilt_at, v.took
    into before, took
    from prewarm.maintained m
    left join prewarm.versions v on v.org_id = m.org_id
   where m.org_id = org;
  return before is null
         or statement_timestamp() < before
         or statement_timestamp() >= before + prewarm.pause_after(took);
end $$;
