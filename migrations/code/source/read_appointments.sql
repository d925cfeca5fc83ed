-- The rows of appointments as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_appointments()
returns table (
  id uuid, org_id uuid, contact_id uuid, service_type text, scheduled_at timestamptz, status text, created_at
  timestamptz
)
language sql stable as $$
  select id, org_id, contact_id, service_type, scheduled_at, status, created_at
    from public.appointments
$$;
