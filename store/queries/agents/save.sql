-- store::agents::save
-- Makes an org's agent of a direction be as it is wanted. One row, unless it was so already.
-- $1 org, $2 direction, $3 name, $4 system prompt, $5 first message, $6 voice, $7 model.
insert into public.agents as held (org_id, call_direction, name, system_prompt, first_message, voice, model)
values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (org_id, call_direction) do update
   set name = excluded.name,
       system_prompt = excluded.system_prompt,
       first_message = excluded.first_message,
       voice = excluded.voice,
       model = excluded.model
 where (held.name, held.system_prompt, held.first_message, held.voice, held.model)
       is distinct from (excluded.name, excluded.system_prompt, excluded.first_message, excluded.voice, excluded.model)
returning id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
