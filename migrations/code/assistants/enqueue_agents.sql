-- Makes a job for each owed agent that has none waiting; returns how many. It takes a few at a time, half of them from a
-- random place on, so that no agent is always last.
create or replace function prewarm.enqueue_agents() returns int
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  pivot  uuid := gen_random_uuid();
  pushed int;
begin
  insert into prewarm.jobs (queue, kind, agent_id, max_attempts)
  select 'prewarm', 'prewarm', owed.agent_id, prewarm.quarantine_starts()
    from (select agent_id from prewarm.marked_agents('00000000-0000-0000-0000-000000000000', 250, 50) as agent_id
          union
          select agent_id from prewarm.marked_agents(pivot, 250, 50) as agent_id) as owed
   order by owed.agent_id
      on conflict (kind, subject) where state = 'waiting' do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;
