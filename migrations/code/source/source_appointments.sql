-- Appointments as the read models see them. Columns that a look-up goes by stay raw, for the index.
create or replace view prewarm.source_appointments as
  select id, org_id, contact_id, left(service_type, 512) as service_type,
         prewarm.instant(scheduled_at) as scheduled_at, status, created_at, is_live
    from prewarm.read_appointments() as (
           id uuid, org_id uuid, contact_id uuid, service_type text, scheduled_at timestamptz, status text, created_at
           timestamptz, is_live boolean
         );
