-- store::assistants::progress
-- The state of an agent's assistant; pending if the agent was saved since it was last read. One row if the org has the
-- agent.
-- $1 org, $2 agent.
select a.vapi_assistant_id as assistant_id,
       a.config_hash,
       case
         when s.agent_id is null then 'pending'
         when (s.stage = 'synced' or (s.stage = 'failed' and s.refused_hash is not null))
              and exists (select from prewarm.agent_marks m where m.agent_id = a.id)
         then 'pending'
         else s.stage
       end as "stage!",
       coalesce(
         -- An earlier failure is over while work is under way.
         case when s.stage not in ('preparing', 'creating', 'updating') then s.reason end,
         (select string_agg(concat('phone number ', m.vapi_phone_number_id, ': ', m.reason), '; ' order by m.vapi_phone_number_id)
            from prewarm.phone_mappings m
           where m.agent_id = a.id
             and m.reason is not null)
       ) as reason,
       s.refused_hash as "refused_hash?",
       s.synced_at as "synced_at?: PgTime",
       s.verified_at as "verified_at?: PgTime"
  from prewarm.source_agents a
  left join prewarm.assistants s on s.agent_id = a.id
 where a.org_id = $1
   and a.id = $2
