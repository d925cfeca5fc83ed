-- store::intake::assistant
-- The assistant that takes the calls of a number: by Vapi's id of the number; where nobody has that id, by the number
-- itself, unless it is in more than one org's list.
-- $1 Vapi's id of the number, $2 the number.
with numbers as (
  select id, org_id, agent_id
    from prewarm.source_phone_numbers
   where vapi_phone_number_id = $1
  union all
  select p.id, p.org_id, p.agent_id
    from prewarm.source_phone_numbers p
   where p.phone_number = $2
     and not exists (select from prewarm.source_phone_numbers where vapi_phone_number_id = $1)
     and not exists (
       select from prewarm.source_phone_numbers other where other.phone_number = $2 and other.org_id <> p.org_id
     )
)
select a.vapi_assistant_id as "assistant_id!"
  from numbers n
  join prewarm.source_agents a on a.id = n.agent_id and a.org_id = n.org_id
 where a.vapi_assistant_id is not null
 order by n.id
 limit 1
