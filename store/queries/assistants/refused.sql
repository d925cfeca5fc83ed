-- store::assistants::refused
-- Records that Vapi rejects a configuration.
-- $1 agent, $2 holder, $3 hash, $4 reason, $5 whether Vapi has no assistant that we do not know of.
update prewarm.assistants
   set stage = 'failed',
       reason = $4,
       refused_hash = $3,
       refusal = $4,
       look_since = case when $5 then null else look_since end
 where agent_id = $1
   and holder = $2
