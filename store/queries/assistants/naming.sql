-- store::assistants::naming
-- The rows of `page` for these agents, and for those that name one of these assistants.
-- $1 agents, $2 Vapi's ids.
select a.id as "id!", a.org_id as "org_id!", a.call_direction as "call_direction!", a.name as "name!", a.system_prompt,
       a.first_message, a.voice, a.model, a.vapi_assistant_id, a.config_hash,
       a.is_contested as "is_contested!",
       s.look_since as "look_since?: PgTime",
       s.missing_id as "missing_id?",
       s.refused_hash as "refused_hash?",
       coalesce(s.shown_otherwise, '{}') as "shown_otherwise!",
       s.synced_at as "synced_at?: PgTime",
       exists (select from prewarm.agent_marks m where m.agent_id = a.id) as "marked!"
  from prewarm.agents_to_warm a
  left join prewarm.assistants s on s.agent_id = a.id
 where a.id in (
         select id from prewarm.source_agents where id = any ($1)
         union
         select id from prewarm.source_agents where vapi_assistant_id = any ($2)
       )
 order by a.id
