-- Makes the sums of some bins, and of some hours that are not kept by bins, from the source.
create or replace procedure prewarm.write_spans(org uuid, bins timestamptz[], hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select org, one.level, one.start, coalesce(p.total_calls, 0), coalesce(p.inbound_calls, 0),
         coalesce(p.outbound_calls, 0), coalesce(p.answered_calls, 0), coalesce(p.duration_total, 0),
         coalesce(p.duration_calls, 0), coalesce(p.sentiment_total, 0), coalesce(p.sentiment_calls, 0),
         coalesce(p.successful_calls, 0), coalesce(p.appointments, 0)
    from (
      select distinct 0 as level, start, interval '10 seconds' as span from unnest(bins) as start
      union all
      select 1, start, interval '1 hour' from unnest(hours) as start
    ) one
    left join lateral prewarm.spans_between(org, one.start, one.start + one.span, one.span) p on true
      on conflict (org_id, level, start) do update
     set (org_id, level, start, total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls,
          sentiment_total, sentiment_calls, successful_calls, appointments) = row(excluded.*);
end $$;
