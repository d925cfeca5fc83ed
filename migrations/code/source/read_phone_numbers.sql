-- The rows of phone numbers as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_phone_numbers()
returns table (
  id uuid, org_id uuid, phone_number text, vapi_phone_number_id text, agent_id uuid
)
language sql stable as $$
  select id, org_id, phone_number, vapi_phone_number_id, agent_id
    from public.phone_numbers
$$;
