-- All hours of an org, as prewarm.spans_between has them: each call and each appointment is read once.
create or replace function prewarm.hours_of(org uuid) returns setof prewarm.sums
language sql stable
begin atomic
  with live as materialized (
    select b.contact_id, b.created_at
      from prewarm.source_appointments b
     where b.org_id = org
       and b.is_live
  ),
  booked as (
    select b.contact_id, max(b.created_at) filter (where b.created_at < 'infinity') as at
      from live b
      join prewarm.source_contacts c on c.id = b.contact_id and c.org_id = org
     group by b.contact_id
  ),
  one (at, is_call, direction, seconds, score, is_success) as (
    select s.created_at, true, s.call_direction, s.duration_seconds, s.sentiment_score,
           s.call_direction = 'inbound' and b.at >= coalesce(s.started_at, prewarm.instant(s.created_at))
      from prewarm.source_calls s
      left join booked b on b.contact_id = s.contact_id
     where s.org_id = org
       and not s.is_test_call
    union all
    select b.created_at, false, null, null, null, null from live b
  )
  select org, 1::smallint, prewarm.hour_of(one.at), count(*) filter (where is_call),
         count(*) filter (where direction = 'inbound'), count(*) filter (where direction = 'outbound'),
         count(*) filter (where seconds > 0), coalesce(sum(seconds), 0), count(seconds), coalesce(sum(score), 0),
         count(score), count(*) filter (where is_success), count(*) filter (where not is_call)
    from one
   group by 3;
end;
