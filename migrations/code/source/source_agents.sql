-- Agents, as the source has them.
create or replace view prewarm.source_agents as
  select id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
    from prewarm.read_agents() as (
           id uuid, org_id uuid, call_direction text, name text, system_prompt text, first_message text, voice jsonb, model
           jsonb, vapi_assistant_id text, config_hash text
         );
