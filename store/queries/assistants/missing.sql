-- store::assistants::missing
-- Vapi does not have the assistant of this id.
-- $1 agent, $2 holder, $3 Vapi's id.
update prewarm.assistants
   set missing_id = $3
 where agent_id = $1
   and holder = $2
