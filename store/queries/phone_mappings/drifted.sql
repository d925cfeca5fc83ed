-- store::phone_mappings::drifted
-- Forgets what these numbers were mapped to, and makes their agents owed: Vapi has another assistant there, or has them
-- again.
-- $1 Vapi's ids of the numbers.
with forgotten as (
  update prewarm.phone_mappings
     set known = false,
         revision = revision + 1
   where vapi_phone_number_id = any ($1)
  returning vapi_phone_number_id, agent_id
)
insert into prewarm.agent_marks (agent_id)
select agent_id from forgotten where agent_id is not null
union
select p.agent_id
  from forgotten f
  join prewarm.source_phone_numbers p on p.vapi_phone_number_id = f.vapi_phone_number_id
 where p.agent_id is not null
