-- Saves an org's agent for a direction. Returns its row, or none where nothing changed.
create or replace function prewarm.save_agent(
  org uuid, direction text, name text, system_prompt text, first_message text, voice jsonb, model jsonb
) returns setof prewarm.source_agents
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  call prewarm.require_standalone();
  call prewarm.refuse_temporary();
  return query
  insert into public.agents as held (org_id, call_direction, name, system_prompt, first_message, voice, model)
  values (org, direction, save_agent.name, save_agent.system_prompt, save_agent.first_message, save_agent.voice,
          save_agent.model)
      on conflict (org_id, call_direction) do update
     set name = excluded.name,
         system_prompt = excluded.system_prompt,
         first_message = excluded.first_message,
         voice = excluded.voice,
         model = excluded.model
   where (held.name, held.system_prompt, held.first_message, held.voice, held.model)
         is distinct from (excluded.name, excluded.system_prompt, excluded.first_message, excluded.voice, excluded.model)
  returning id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash;
end $$;
