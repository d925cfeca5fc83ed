-- Agents as their assistants are made of. Two agents that name one assistant would overwrite each other for ever:
-- within an org the first one keeps it. Where another org names it, nobody's is made or changed: is_contested says so.
create or replace view prewarm.agents_to_warm as
  select a.id, a.org_id, a.call_direction, a.name, a.system_prompt, a.first_message, a.voice, a.model,
         case
           when a.vapi_assistant_id <> ''
                and not exists (
                  select
                    from prewarm.source_agents other
                   where other.vapi_assistant_id = a.vapi_assistant_id
                     and other.org_id = a.org_id
                     and other.id < a.id
                )
           then a.vapi_assistant_id
         end as vapi_assistant_id,
         a.config_hash,
         a.vapi_assistant_id <> ''
         and exists (
           select
             from prewarm.source_agents other
            where other.vapi_assistant_id = a.vapi_assistant_id
              and other.org_id <> a.org_id
         ) as is_contested
    from prewarm.source_agents a;
