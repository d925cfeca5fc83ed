-- The rows of appointments as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_appointments()
returns setof record
language sql stable as $$
  select id, org_id, contact_id, service_type, scheduled_at, status, created_at
    from public.appointments
$$;
