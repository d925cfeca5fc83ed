-- Makes a dead letter wait again with all its attempts, and ends the quarantine of its org. A configuration that Vapi has
-- refused is sent once more. Returns false if there is no such dead letter.
create or replace function prewarm.retry(job_id bigint) returns boolean
language plpgsql as $$
declare
  letter prewarm.jobs;
begin
  select * into letter from prewarm.jobs j where j.id = job_id and j.state = 'dead' for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id::text;
  update prewarm.assistants a
     set refused_hash = null, refusal = null, not_before = null, attempts = 0
   where a.agent_id = letter.agent_id;
  perform prewarm.wait_again(job_id, 0, now());
  return true;
end $$;
