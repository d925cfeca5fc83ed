-- The sums of some spans by the spans of a level that they lie in: seconds, hours, days, months or years.
create or replace function prewarm.sums_by(level int, spans prewarm.sums[]) returns setof prewarm.sums
language sql stable
begin atomic
  select s.org_id, sums_by.level::smallint,
         date_trunc((array['second', 'hour', 'day', 'month', 'year'])[sums_by.level + 1], s.start, 'UTC') as start,
         sum(s.total_calls)::bigint as total_calls, sum(s.inbound_calls)::bigint, sum(s.outbound_calls)::bigint,
         sum(s.answered_calls)::bigint, sum(s.duration_total)::bigint, sum(s.duration_calls)::bigint, sum(s.sentiment_total),
         sum(s.sentiment_calls)::bigint, sum(s.successful_calls)::bigint, sum(s.appointments)::bigint
    from unnest(spans) s
   group by 1, 3;
end;
