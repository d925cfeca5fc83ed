-- As prewarm.claim, for the queue of agents and test calls. A claimed agent is reserved: the job takes it, and until
-- then nobody makes another job of it.
create or replace function prewarm.claim_prewarms(worker text, n int, lease interval) returns setof apalis.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if not exists (select from prewarm.due_prewarms d where not d.is_test_call) then
    if exists (select from prewarm.agent_marks)
       and pg_try_advisory_xact_lock(hashtext('prewarm.fold_agents')) then
      perform prewarm.fold_agents();
    elsif not exists (select from prewarm.due_prewarms) then
      return;
    end if;
  end if;
  return query
  with running as (
    select count(*) filter (where j.idempotency_key like 'test\_call:%') as test_calls, count(*) as jobs
      from apalis.jobs j
     where j.lock_by = worker
       and j.status = 'Running'
  ),
  due as (
    select d.id, prewarm.agent_of(d.subject) as agent_id
      from prewarm.due_prewarms d
     where case
             when d.is_test_call then (select r.test_calls from running r)
             else (select r.jobs - r.test_calls from running r)
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
  update apalis.jobs j
     set status = 'Running',
         attempts = j.attempts + 1,
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;
