-- store::assistants::verified
-- Vapi has shown these to be as they should be.
-- $1 agents.
update prewarm.assistants
   set verified_at = statement_timestamp()
 where agent_id = any ($1)
