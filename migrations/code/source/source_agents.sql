-- Agents, as the source has them.
create or replace view prewarm.source_agents as
  select id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
    from prewarm.read_agents();
