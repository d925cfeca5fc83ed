-- Marks every agent that is pre-warmed, and every assistant whose agent may be gone.
create or replace function prewarm.mark_all_agents() returns void
language sql set search_path = pg_catalog, pg_temp set row_security = off as $$
  insert into prewarm.agent_marks (agent_id)
  select id from prewarm.source_agents where prewarm.is_standalone()
  union
  select agent_id from prewarm.assistants
$$;
