-- store::assistants::verified
-- Records that Vapi's copies of these agents were seen to be right.
-- $1 agents.
update prewarm.assistants
   set verified_at = statement_timestamp()
 where agent_id = any ($1)
