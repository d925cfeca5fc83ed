-- Contacts as the read models see them. Columns that a look-up goes by stay raw, for the index: org, ids, phone
-- and what the rules say. A number counts as null where a reader of JSON would take it for infinity or cannot read it.
create or replace view prewarm.source_contacts as
  select id, org_id, left(name, 512) as name, phone, left(email, 512) as email, lead_score, lead_status,
         -- Also makes a plain list of an array with other bounds or dimensions.
         case
           when service_interests is not null
           then array(select left(interest, 512) from unnest(service_interests) as interest)
         end as service_interests,
         case when estimated_value > -1e300 and estimated_value < 1e300 then estimated_value end as estimated_value,
         prewarm.instant(last_contact_at) as last_contact_at, prewarm.instant(created_at) as created_at,
         is_actionable, temperature
    from prewarm.read_contacts() as (
           id uuid, org_id uuid, name text, phone text, email text, lead_score int, lead_status text, service_interests text[],
           estimated_value numeric, last_contact_at timestamptz, created_at timestamptz, is_actionable boolean, temperature text
         );
