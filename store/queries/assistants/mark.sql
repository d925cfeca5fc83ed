-- store::assistants::mark
-- Makes agents owed.
-- $1 agents.
insert into prewarm.agent_marks (agent_id)
select unnest($1::uuid[])
