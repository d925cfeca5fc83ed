-- store::pulse::totals
-- Sums and counts of one org, exact: whoever divides them rounds once.
-- $1 org, $2 and $3 the org's calendar day, its first instant and the next day's. One row.
with of_calls as (
  select count(*) as total_calls,
         count(*) filter (where k.call_direction = 'inbound') as inbound_calls,
         count(*) filter (where k.call_direction = 'outbound') as outbound_calls,
         count(*) filter (where k.duration_seconds > 0) as answered_calls,
         coalesce(sum(k.duration_seconds), 0) as duration_total,
         count(k.duration_seconds) as duration_calls,
         coalesce(sum(k.sentiment_score), 0) as sentiment_total,
         count(k.sentiment_score) as sentiment_calls,
         -- A look-up a call, by the index appointments_contact.
         count(*) filter (
           where k.call_direction = 'inbound'
             and exists (
               select
                 from prewarm.source_appointments a
                 join prewarm.source_contacts c on c.id = a.contact_id and c.org_id = a.org_id
                where a.contact_id = k.contact_id
                  and a.org_id = k.org_id
                  and a.status in ('pending', 'confirmed', 'in_progress', 'completed')
                  and a.created_at >= coalesce(k.started_at, k.created_at)
             )
         ) as successful_calls,
         count(*) filter (where k.created_at >= $2 and k.created_at < $3) as calls_today,
         min(k.created_at) filter (where k.created_at >= $3) as next_call_at
    from prewarm.source_calls k
   where k.org_id = $1
     and not k.is_test_call
),
of_appointments as (
  select count(*) as appointments_booked
    from prewarm.source_appointments
   where org_id = $1
     and status in ('pending', 'confirmed', 'in_progress', 'completed')
),
of_contacts as (
  select coalesce(sum(estimated_value), 0) as pipeline_total,
         count(*) filter (where lead_score >= 80) as hot_leads_count
    from prewarm.source_contacts
   where org_id = $1
     and lead_status in ('new', 'contacted', 'qualified')
)
select k.total_calls as "total_calls!",
       k.inbound_calls as "inbound_calls!",
       k.outbound_calls as "outbound_calls!",
       k.answered_calls as "answered_calls!",
       k.duration_total as "duration_total!",
       k.duration_calls as "duration_calls!",
       k.sentiment_total as "sentiment_total!",
       k.sentiment_calls as "sentiment_calls!",
       k.successful_calls as "successful_calls!",
       k.calls_today as "calls_today!",
       k.next_call_at as "next_call_at: PgTime",
       a.appointments_booked as "appointments_booked!",
       c.pipeline_total as "pipeline_total!",
       c.hot_leads_count as "hot_leads_count!"
  from of_calls k
 cross join of_appointments a
 cross join of_contacts c
