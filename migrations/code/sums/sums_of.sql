-- All sums of an org, from the source; none by bins, which are made for hours that are touched.
create or replace function prewarm.sums_of(org uuid) returns setof prewarm.sums
language sql stable
begin atomic
  with hours as materialized (
    select p.* from prewarm.hours_of(org) p
  ),
  days as materialized (
    select date_trunc('day', start, 'UTC') as start, sum(total_calls) as total_calls, sum(inbound_calls) as inbound_calls,
           sum(outbound_calls) as outbound_calls, sum(answered_calls) as answered_calls,
           sum(duration_total) as duration_total, sum(duration_calls) as duration_calls,
           sum(sentiment_total) as sentiment_total, sum(sentiment_calls) as sentiment_calls,
           sum(successful_calls) as successful_calls, sum(appointments) as appointments
      from hours
     group by 1
  ),
  above as (
    select l.level, l.start, sum(d.total_calls)::bigint, sum(d.inbound_calls)::bigint, sum(d.outbound_calls)::bigint,
           sum(d.answered_calls)::bigint, sum(d.duration_total)::bigint, sum(d.duration_calls)::bigint,
           sum(d.sentiment_total), sum(d.sentiment_calls)::bigint, sum(d.successful_calls)::bigint,
           sum(d.appointments)::bigint
      from days d
     cross join lateral (
       values (2::smallint, d.start), (3::smallint, date_trunc('month', d.start, 'UTC')),
              (4::smallint, date_trunc('year', d.start, 'UTC'))
     ) as l (level, start)
     group by l.level, l.start
  )
  select org, 1::smallint, h.* from hours h
  union all
  select org, a.* from above a;
end;
