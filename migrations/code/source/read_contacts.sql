-- The rows of contacts as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_contacts()
returns setof record
language sql stable as $$
  select id, org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value, last_contact_at,
         created_at
    from public.contacts
$$;
