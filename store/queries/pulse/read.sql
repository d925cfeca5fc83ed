-- store::pulse::read
-- Sums and counts of one org, exact: the reader divides them and rounds once. Of the org's day the whole hours are summed up
-- already; where its zone does not start days on an hour, the rest is counted.
-- The chart's hours come as arrays side by side. The next day with calls is told by its first hour with calls, since there may
-- be any number of test calls before it.
-- $1 org, $2 and $3 the org's calendar day, its first instant and the next day's, $4 the first hour of the chart to be read,
-- $5 the first whole hour of the day and $6 the end of its last. One row.
with ever as (
  select coalesce(sum(total_calls), 0)::bigint as "total_calls!",
         coalesce(sum(inbound_calls), 0)::bigint as "inbound_calls!",
         coalesce(sum(outbound_calls), 0)::bigint as "outbound_calls!",
         coalesce(sum(answered_calls), 0)::bigint as "answered_calls!",
         coalesce(sum(duration_total), 0)::bigint as "duration_total!",
         coalesce(sum(duration_calls), 0)::bigint as "duration_calls!",
         coalesce(sum(sentiment_total), 0) as "sentiment_total!",
         coalesce(sum(sentiment_calls), 0)::bigint as "sentiment_calls!",
         coalesce(sum(successful_calls), 0)::bigint as "successful_calls!",
         coalesce(sum(appointments), 0)::bigint as "appointments_booked!"
    from prewarm.sums
   where org_id = $1
     and level = 4
),
of_leads as (
  select coalesce(sum(pipeline_total), 0) as "pipeline_total!",
         coalesce(sum(hot_leads), 0)::bigint as "hot_leads_count!"
    from prewarm.maintained
   where org_id = $1
),
chart as (
  -- The rows come by the key, so that nothing is sorted five times.
  select coalesce(array_agg(h.start), '{}') as "starts!: Vec<PgTime>",
         coalesce(array_agg(h.total_calls), '{}') as "calls!",
         coalesce(array_agg(h.inbound_calls), '{}') as "inbound!",
         coalesce(array_agg(h.duration_total), '{}') as "durations!",
         coalesce(array_agg(h.duration_calls), '{}') as "timed!"
    from (
      select start, total_calls, inbound_calls, duration_total, duration_calls
        from prewarm.sums
       where org_id = $1
         and level = 1
         and start >= $4
         and total_calls > 0
       order by org_id, level, start
    ) h
)
select ever.*, of_leads.*, chart.*,
       (select coalesce(sum(s.total_calls), 0)::bigint
          from prewarm.sums s
         where s.org_id = $1
           and s.level = 1
           and s.start >= $5
           and s.start < $6)
       + (select count(*)
            from (values ($2::timestamptz, $5::timestamptz), ($6, $3)) as rest (since, until)
           cross join lateral (
             -- The order is that of calls_org_created alone: no other index bounds the instants.
             select
               from prewarm.source_calls k
              where k.org_id = $1
                and k.created_at >= rest.since
                and k.created_at < rest.until
                and not k.is_test_call
              order by k.created_at desc
             offset 0
           ) k) as "calls_today!",
       (select greatest(n.start, $3)
          from prewarm.sums n
         where n.org_id = $1
           and n.level = 1
           and n.start > $3::timestamptz - interval '1 hour'
           and n.total_calls > 0
         order by n.org_id, n.level, n.start
         limit 1) as "next_call_at: PgTime"
  from ever, of_leads, chart
