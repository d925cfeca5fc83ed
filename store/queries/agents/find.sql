-- store::agents::find
-- The agent of an org and a direction.
-- $1 org, $2 direction.
select id as "id!", org_id as "org_id!", call_direction as "call_direction!", name as "name!", system_prompt, first_message,
       voice, model, vapi_assistant_id, config_hash
  from prewarm.source_agents
 where org_id = $1
   and call_direction = $2
