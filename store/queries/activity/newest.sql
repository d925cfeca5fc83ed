-- store::activity::newest
-- The newest hot leads, by the index actionable_leads_hot, and the newest live appointments, by appointments_org_live; of
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
         null::timestamptz as "scheduled_at: PgTime",
         l.id as contact_id
    from prewarm.actionable_leads l
   where l.org_id = $1
     and l.lead_temperature = 'hot'
   order by coalesce(l.last_contact_at, l.created_at) desc nulls last, l.id desc
   limit $2
)
union all
select false, a.id, prewarm.instant(a.created_at), c.name, c.phone, a.service_type, null, a.scheduled_at, a.contact_id
  from prewarm.stretches t
 cross join lateral (
   select *
     from prewarm.source_appointments s
    where s.org_id = $1
      and s.created_at between t.since and t.until
      and s.is_live
    order by s.created_at desc, s.id desc
    limit $2
 ) a
  left join lateral (
    select s.name, left(s.phone, 512) as phone
      from prewarm.source_contacts s
     where s.id = a.contact_id
       and s.org_id is not distinct from $1
     limit 1
  ) c on true
