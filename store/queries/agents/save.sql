-- store::agents::save
-- Saves an org's agent of a direction. One row; none if the agent was like that already.
-- $1 org, $2 direction, $3 name, $4 system prompt, $5 first message, $6 voice, $7 model.
select id as "id!", org_id as "org_id!", call_direction as "call_direction!", name as "name!", system_prompt, first_message,
       voice, model, vapi_assistant_id, config_hash
  from prewarm.save_agent($1, $2, $3, $4, $5, $6, $7)
