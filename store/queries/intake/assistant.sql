-- store::intake::assistant
-- The assistant that takes the calls of a number: by Vapi's id of the number, else by the number itself.
-- $1 Vapi's id of the number, $2 the number.
select a.vapi_assistant_id as "assistant_id!"
  from prewarm.source_phone_numbers p
  join prewarm.source_agents a on a.id = p.agent_id and a.org_id = p.org_id
 where (p.vapi_phone_number_id = $1 or ($1 is null and p.phone_number = $2))
   and a.vapi_assistant_id is not null
 order by p.id
 limit 1
