-- All hours of an org, as prewarm.spans_between has them: each call and each appointment is read once.
create or replace function prewarm.hours_of(org uuid)
returns table (
  start timestamptz, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint,
  duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint,
  appointments bigint
)
language sql stable
begin atomic
  with live as materialized (
    select b.contact_id, b.created_at
      from prewarm.source_appointments b
     where b.org_id = org
       and prewarm.is_live(b.status)
  ),
  booked as (
    select b.contact_id, max(b.created_at) filter (where b.created_at < 'infinity') as at
      from live b
      join prewarm.source_contacts c on c.id = b.contact_id and c.org_id = org
     group by b.contact_id
  ),
  of_calls as (
    select prewarm.hour_of(s.created_at) as start,
           count(*) as total_calls,
           count(*) filter (where s.call_direction = 'inbound') as inbound_calls,
           count(*) filter (where s.call_direction = 'outbound') as outbound_calls,
           count(*) filter (where s.duration_seconds > 0) as answered_calls,
           sum(s.duration_seconds) as duration_total,
           count(s.duration_seconds) as duration_calls,
           sum(s.sentiment_score) as sentiment_total,
           count(s.sentiment_score) as sentiment_calls,
           count(*) filter (
             where s.call_direction = 'inbound'
               and b.at >= coalesce(s.started_at, prewarm.instant(s.created_at))
           ) as successful_calls
      from prewarm.source_calls s
      left join booked b on b.contact_id = s.contact_id
     where s.org_id = org
       and not s.is_test_call
     group by 1
  ),
  of_appointments as (
    select prewarm.hour_of(b.created_at) as start, count(*) as appointments from live b group by 1
  )
  select coalesce(k.start, a.start),
         coalesce(k.total_calls, 0), coalesce(k.inbound_calls, 0), coalesce(k.outbound_calls, 0),
         coalesce(k.answered_calls, 0), coalesce(k.duration_total, 0), coalesce(k.duration_calls, 0),
         coalesce(k.sentiment_total, 0), coalesce(k.sentiment_calls, 0), coalesce(k.successful_calls, 0),
         coalesce(a.appointments, 0)
    from of_calls k
    full join of_appointments a on a.start = k.start;
end;
