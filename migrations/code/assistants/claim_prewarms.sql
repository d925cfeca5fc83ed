-- Claims jobs as prewarm.claim does, from the queue of agents and test calls. It reserves a claimed agent until the job
-- takes it, so that no other job is made for it meanwhile.
create or replace function prewarm.claim_prewarms(worker text, n int, lease interval) returns setof prewarm.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if not exists (select from prewarm.due_jobs d where d.queue = 'prewarm' and d.test_call_id is null) then
    if exists (select from prewarm.agent_marks)
       and pg_try_advisory_xact_lock(hashtext('prewarm.enqueue_agents')) then
      perform prewarm.enqueue_agents();
    elsif not exists (select from prewarm.due_jobs d where d.queue = 'prewarm') then
      return;
    end if;
  end if;
  return query
  with running as (
    select count(j.test_call_id) as test_calls, count(*) as jobs
      from prewarm.jobs j
     where j.worker = claim_prewarms.worker
       and j.state = 'running'
  ),
  due as (
    select d.id, d.agent_id
      from prewarm.due_jobs d
     where d.queue = 'prewarm'
       and case
             when d.test_call_id is null then (select r.jobs - r.test_calls from running r)
             else (select r.test_calls from running r)
           end < prewarm.prewarm_places()
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  reserved as (
    insert into prewarm.assistants as held (agent_id, until)
    select due.agent_id, now() + lease
      from due
     where due.agent_id is not null
        on conflict (agent_id) do update
       set holder = null,
           until = excluded.until
     where held.until is null
        or held.until <= now()
  )
  update prewarm.jobs j
     set state = 'running', attempts = j.attempts + 1, worker = claim_prewarms.worker, claimed_at = now(), ended_at = null
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;
