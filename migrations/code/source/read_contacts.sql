-- The rows of contacts as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_contacts()
returns table (
  id uuid, org_id uuid, name text, phone text, email text, lead_score int, lead_status text, service_interests text[],
  estimated_value numeric, last_contact_at timestamptz, created_at timestamptz
)
language sql stable as $$
  select id, org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value, last_contact_at,
         created_at
    from public.contacts
$$;
