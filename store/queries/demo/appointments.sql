-- store::demo::appointments
-- Creates an appointment for every fifth contact in a range of phone numbers.
-- $1 org, $2 and $3 the first and the last phone number.
insert into public.appointments (org_id, contact_id, service_type, scheduled_at, status, created_at)
select $1, id, service_interests[1],
       statement_timestamp() + make_interval(hours => lead_score),
       (array['pending', 'confirmed', 'completed', 'cancelled'])[1 + lead_score % 4],
       statement_timestamp() - make_interval(hours => lead_score)
  from public.contacts
 where org_id = $1
   and phone between $2 and $3
   and right(phone, 1) in ('0', '5')
