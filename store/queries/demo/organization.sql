-- store::demo::organization
-- Creates an org of the demo with its agents and number. One row; none if it exists. Vapi's id of the number is the
-- org's id, so that the org's calls are recognised whatever assistants it will have.
-- $1 id, $2 name, $3 time zone.
with made as (
  insert into public.organizations (id, name, timezone)
  values ($1, $2, $3)
      on conflict (id) do nothing
  returning id
),
agents as (
  insert into public.agents (org_id, call_direction, name, system_prompt, first_message, voice, model)
  select id, direction, concat('Receptionist (', direction, ')'), 'You answer the phone of a clinic. Be brief and kind.',
         'Hello, how can I help you?', '{"provider": "11labs", "voiceId": "sarah"}',
         '{"provider": "openai", "model": "gpt-4o"}'
    from made
   cross join unnest(array['inbound', 'outbound']) as direction
  returning id, org_id, call_direction
),
numbers as (
  insert into public.phone_numbers (org_id, phone_number, vapi_phone_number_id, agent_id)
  select org_id, '+15550100000', org_id, id
    from agents
   where call_direction = 'inbound'
)
select id from made
