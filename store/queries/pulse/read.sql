-- store::pulse::read
-- Sums and counts of one org, exact: whoever divides them rounds once. Of the org's day the whole hours are summed up
-- already; where its zone does not start days on an hour, the rest is counted.
-- The chart's hours come as arrays side by side. The next day with calls is told by its first hour with calls, since there may
-- be any number of test calls before it.
-- $1 org, $2 and $3 the org's calendar day, its first instant and the next day's, $4 the first hour of the chart, $5 the
-- first whole hour of the day and $6 the end of its last. One row.
with today as (
  select (select coalesce(sum(s.total_calls), 0)
            from prewarm.sums s
           where s.org_id = $1
             and s.level = 1
             and s.start >= $5
             and s.start < $6)
         -- The order is that of calls_org_created alone: no other index bounds the instants.
         + (select count(*)
              from (select from prewarm.source_calls k
                     where k.org_id = $1
                       and k.created_at >= $2
                       and k.created_at < $5
                       and not k.is_test_call
                     order by k.created_at desc
                    offset 0) early)
         + (select count(*)
              from (select from prewarm.source_calls k
                     where k.org_id = $1
                       and k.created_at >= $6
                       and k.created_at < $3
                       and not k.is_test_call
                     order by k.created_at desc
                    offset 0) late) as calls_today
),
of_leads as (
  select coalesce(sum(pipeline_total), 0) as pipeline_total,
         coalesce(sum(hot_leads), 0) as hot_leads_count
    from prewarm.lead_sums
   where org_id = $1
     and level = 1
),
ever as (
  select sum(total_calls)::bigint as total_calls,
         sum(inbound_calls)::bigint as inbound_calls,
         sum(outbound_calls)::bigint as outbound_calls,
         sum(answered_calls)::bigint as answered_calls,
         sum(duration_total)::bigint as duration_total,
         sum(duration_calls)::bigint as duration_calls,
         sum(sentiment_total) as sentiment_total,
         sum(sentiment_calls)::bigint as sentiment_calls,
         sum(successful_calls)::bigint as successful_calls,
         sum(appointments)::bigint as appointments
    from prewarm.sums
   where org_id = $1
     and level = 4
),
chart as (
  -- The rows come by the key, so that nothing is sorted five times.
  select coalesce(array_agg(h.start), '{}') as starts,
         coalesce(array_agg(h.total_calls), '{}') as calls,
         coalesce(array_agg(h.inbound_calls), '{}') as inbound,
         coalesce(array_agg(h.duration_total), '{}') as durations,
         coalesce(array_agg(h.duration_calls), '{}') as timed
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
select coalesce(s.total_calls, 0) as "total_calls!",
       coalesce(s.inbound_calls, 0) as "inbound_calls!",
       coalesce(s.outbound_calls, 0) as "outbound_calls!",
       coalesce(s.answered_calls, 0) as "answered_calls!",
       coalesce(s.duration_total, 0) as "duration_total!",
       coalesce(s.duration_calls, 0) as "duration_calls!",
       coalesce(s.sentiment_total, 0) as "sentiment_total!",
       coalesce(s.sentiment_calls, 0) as "sentiment_calls!",
       coalesce(s.successful_calls, 0) as "successful_calls!",
       coalesce(s.appointments, 0) as "appointments_booked!",
       t.calls_today::bigint as "calls_today!",
       (select greatest(n.start, $3)
          from prewarm.sums n
         where n.org_id = $1
           and n.level = 1
           and n.start > $3::timestamptz - interval '1 hour'
           and n.total_calls > 0
         order by n.org_id, n.level, n.start
         limit 1) as "next_call_at: PgTime",
       l.pipeline_total as "pipeline_total!",
       l.hot_leads_count::bigint as "hot_leads_count!",
       h.starts as "starts!: Vec<PgTime>",
       h.calls as "calls!",
       h.inbound as "inbound!",
       h.durations as "durations!",
       h.timed as "timed!"
  from today t
 cross join of_leads l
 cross join ever s
 cross join chart h
