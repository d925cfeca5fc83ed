-- store::queue::release
-- $1 agents.
update prewarm.assistants
   set until = null
 where agent_id = any ($1)
   and holder is null
