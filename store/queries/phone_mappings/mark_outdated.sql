-- store::phone_mappings::mark_outdated
-- Marks the agents whose numbers Vapi was told something else of than their rows say, or nothing.
insert into prewarm.agent_marks (agent_id)
select distinct a.id
  from prewarm.source_phone_numbers p
  join prewarm.agents_to_warm a on a.id = p.agent_id and a.org_id = p.org_id
  left join prewarm.phone_mappings m on m.vapi_phone_number_id = p.vapi_phone_number_id
 where p.vapi_phone_number_id <> ''
   and a.vapi_assistant_id is not null
   and m.assistant_id is distinct from a.vapi_assistant_id
   and not exists (
     select
       from prewarm.source_phone_numbers first
       join prewarm.source_agents other on other.id = first.agent_id and other.org_id = first.org_id
      where first.vapi_phone_number_id = p.vapi_phone_number_id
        and first.id < p.id
   )
   and not exists (
     select
       from prewarm.source_phone_numbers other
      where other.vapi_phone_number_id = p.vapi_phone_number_id
        and other.org_id <> p.org_id
   )
   and not exists (select from prewarm.agent_marks marked where marked.agent_id = a.id)
