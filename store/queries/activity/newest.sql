-- store::activity::newest
-- The newest hot leads, by the index actionable_leads_hot, and the newest live appointments, by appointments_org_created; of
-- appointments without an instant, which come last, as many.
-- $1 org, $2 how many of each.
(
  select true as "is_lead!",
         l.id as "id!",
         coalesce(l.last_contact_at, l.created_at) as "at?: PgTime",
         l.contact_name as name,
         l.phone_number as phone,
         l.service_interests[1] as service,
         l.lead_score,
         null::timestamptz as "scheduled_at: PgTime"
    from prewarm.actionable_leads l
   where l.org_id = $1
     and l.lead_score >= 80
   order by coalesce(l.last_contact_at, l.created_at) desc nulls last, l.id desc
   limit $2
)
union all
select false, a.id, prewarm.instant(a.created_at), a.name, a.phone, a.service_type, null, a.scheduled_at
  from prewarm.stretches t
 cross join lateral (
   select b.id, b.created_at, c.name, left(c.phone, 512) as phone, b.service_type, b.scheduled_at
     from prewarm.source_appointments b
     left join prewarm.source_contacts c on c.id = b.contact_id and c.org_id = b.org_id
    where b.org_id = $1
      and b.created_at between t.since and t.until
      and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
    order by b.created_at desc, b.id desc
    limit $2
 ) a
