-- Phone numbers, as the source has them.
create or replace view prewarm.source_phone_numbers as
  select id, org_id, phone_number, vapi_phone_number_id, agent_id
    from prewarm.read_phone_numbers() as (
           id uuid, org_id uuid, phone_number text, vapi_phone_number_id text, agent_id uuid
         );
