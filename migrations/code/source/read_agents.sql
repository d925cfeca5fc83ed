-- The rows of agents as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_agents()
returns setof record
language sql stable as $$
  select id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
    from public.agents
$$;
