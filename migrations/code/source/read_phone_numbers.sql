-- The rows of phone numbers as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_phone_numbers()
returns setof record
language sql stable as $$
  select id, org_id, phone_number, vapi_phone_number_id, agent_id
    from public.phone_numbers
$$;
