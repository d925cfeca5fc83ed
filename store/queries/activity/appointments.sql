-- store::activity::appointments
-- The newest live appointments, by the index appointments_org_created.
-- $1 org, $2 how many.
select a.id as "id!",
       a.created_at as "created_at!: PgTime",
       c.name as "contact_name?",
       c.phone as "contact_phone?",
       a.service_type,
       a.scheduled_at as "scheduled_at: PgTime"
  from prewarm.source_appointments a
  left join prewarm.source_contacts c on c.id = a.contact_id and c.org_id = a.org_id
 where a.org_id = $1
   and a.status in ('pending', 'confirmed', 'in_progress', 'completed')
 order by a.created_at desc, a.id desc
 limit $2
