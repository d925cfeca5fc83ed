-- Makes a dead letter wait again, with all its attempts before it and its org out of quarantine; a configuration that
-- Vapi has refused is sent again, once. False when there is no such dead letter.
create or replace function prewarm.retry(job_id text) returns boolean
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.status = 'Killed'
     for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  update prewarm.assistants s
     set refused_hash = null, refusal = null, not_before = null, attempts = 0
   where s.agent_id = prewarm.agent_of(subject);
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = 0, run_at = now(), lock_by = null, lock_at = null, done_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- The subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
  return true;
end $$;
