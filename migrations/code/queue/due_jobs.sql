-- The jobs that may start now. An agent's job waits while the agent is held. That is looked up row by row, because a join
-- would lose the order of the index.
create or replace view prewarm.due_jobs as
  select j.id, j.queue, j.agent_id, j.test_call_id, j.priority, j.run_at
    from prewarm.jobs j
   where j.state = 'waiting'
     and j.run_at <= now()
     and coalesce((select a.until <= now() from prewarm.assistants a where a.agent_id = j.agent_id), true);
