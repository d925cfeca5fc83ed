-- store::intake::assistant
-- The assistant that answers the calls of a number. The number is found by Vapi's id, or by its spelling if no row has
-- the id. None if two orgs claim the number or its assistant.
-- $1 Vapi's id of the number, $2 the spellings of the number.
with numbers as (
  select id, org_id, agent_id
    from prewarm.source_phone_numbers
   where vapi_phone_number_id = $1
  union all
  select p.id, p.org_id, p.agent_id
    from prewarm.source_phone_numbers p
   where p.phone_number = any ($2)
     and not exists (select from prewarm.source_phone_numbers where vapi_phone_number_id = $1)
)
select a.vapi_assistant_id as "assistant_id!"
  from numbers n
  join prewarm.source_agents a on a.id = n.agent_id and a.org_id = n.org_id
 where a.vapi_assistant_id is not null
   and not exists (select from numbers other where other.org_id <> n.org_id)
   and not exists (
     select from prewarm.source_agents other where other.vapi_assistant_id = a.vapi_assistant_id and other.org_id <> a.org_id
   )
 order by n.id
 limit 1
