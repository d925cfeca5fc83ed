-- store::phone_mappings::owed
-- The numbers of an agent of which Vapi has to be told: those whose row names the agent, and those that it has answered
-- and whose row names no agent any more, if Vapi was last told something else. Excludes numbers that two orgs name.
-- $1 agent, $2 Vapi's id of its assistant.
with own as (
  select vapi_phone_number_id from prewarm.source_phone_numbers where agent_id = $1 and vapi_phone_number_id <> ''
  union
  select vapi_phone_number_id from prewarm.phone_mappings where agent_id = $1
),
named as (
  -- Of several rows the first one counts whose agent is of its own org.
  select distinct on (p.vapi_phone_number_id) p.vapi_phone_number_id, a.id as agent_id
    from own
    join prewarm.source_phone_numbers p on p.vapi_phone_number_id = own.vapi_phone_number_id
    join prewarm.source_agents a on a.id = p.agent_id and a.org_id = p.org_id
   order by p.vapi_phone_number_id, p.id
),
wanted as (
  select own.vapi_phone_number_id,
         case when named.agent_id = $1 then $2::text end as assistant_id
    from own
    left join named on named.vapi_phone_number_id = own.vapi_phone_number_id
   where coalesce(named.agent_id, $1) = $1
     and (select count(distinct p.org_id)
            from prewarm.source_phone_numbers p
           where p.vapi_phone_number_id = own.vapi_phone_number_id) <= 1
)
select w.vapi_phone_number_id as "id!",
       w.assistant_id,
       coalesce(m.revision, 0) as "revision!"
  from wanted w
  left join prewarm.phone_mappings m on m.vapi_phone_number_id = w.vapi_phone_number_id
 where case
         when m.vapi_phone_number_id is null then w.assistant_id is not null
         else not m.known or m.assistant_id is distinct from w.assistant_id
       end
 order by w.vapi_phone_number_id
