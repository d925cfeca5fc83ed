-- Names of assistants and numbers that rows of more than one org bear.
create or replace view prewarm.contested as
  select 'assistant' as kind, vapi_assistant_id as name
    from prewarm.source_agents
   where vapi_assistant_id <> ''
   group by vapi_assistant_id
  having count(distinct org_id) > 1
  union all
  select 'number', vapi_phone_number_id
    from prewarm.source_phone_numbers
   where vapi_phone_number_id <> ''
   group by vapi_phone_number_id
  having count(distinct org_id) > 1;
