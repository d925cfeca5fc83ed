-- store::activity::leads
-- The newest hot leads, by the index actionable_leads_hot.
-- $1 org, $2 how many.
select id,
       coalesce(last_contact_at, created_at) as "at!: PgTime",
       contact_name,
       phone_number,
       service_interests[1] as service_interest,
       lead_score
  from prewarm.actionable_leads
 where org_id = $1
   and lead_score >= 80
 order by coalesce(last_contact_at, created_at) desc, id desc
 limit $2
