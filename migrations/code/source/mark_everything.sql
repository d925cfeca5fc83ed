-- Marks every org whole, and every agent. An org that has a version counts even when its row is gone, and so does an agent
-- that has an assistant.
create or replace function prewarm.mark_everything(what text) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into prewarm.marks (org_id, what, wide)
  select id, mark_everything.what, true from prewarm.source_organizations
  union
  select org_id, mark_everything.what, true from prewarm.versions;

  insert into prewarm.agent_marks (agent_id)
  select id from prewarm.source_agents
  union
  select agent_id from prewarm.assistants;
$$;
