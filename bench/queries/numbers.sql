-- Inserts a thousand orgs with one number each and an assistant that takes its calls.
with orgs as (
  insert into public.organizations (name)
  select 'number ' || n from generate_series(1, 1000) n
  returning id, split_part(name, ' ', 2) as n
),
assistants as (
  insert into public.agents (org_id, name, vapi_assistant_id)
  select id, 'agent', 'number-' || n from orgs
  returning id, org_id, vapi_assistant_id
)
insert into public.phone_numbers (org_id, agent_id, vapi_phone_number_id)
select org_id, id, vapi_assistant_id from assistants;
