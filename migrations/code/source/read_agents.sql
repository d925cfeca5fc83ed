-- The rows of agents as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_agents()
returns table (
  id uuid, org_id uuid, call_direction text, name text, system_prompt text, first_message text, voice jsonb, model
  jsonb, vapi_assistant_id text, config_hash text
)
language sql stable as $$
  select id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
    from public.agents
$$;
