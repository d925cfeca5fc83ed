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
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;
