-- store::assistants::refuse
-- Vapi does not take this configuration. What was to be made with it was not.
-- $1 agent, $2 holder, $3 hash, $4 why, $5 whether Vapi has nothing of it.
update prewarm.assistants
   set stage = 'failed',
       reason = $4,
       refused_hash = $3,
       refusal = $4,
       look_since = case when $5 then null else look_since end
 where agent_id = $1
   and holder = $2
