-- store::pulse::hours
-- The non-empty UTC hours of one org from an instant on, oldest first.
-- $1 org, $2 the first hour.
select date_trunc('hour', created_at, 'UTC') as "hour!: PgTime",
       count(*) as "calls!",
       count(*) filter (where call_direction = 'inbound') as "inbound!",
       coalesce(sum(duration_seconds), 0) as "duration_total!",
       count(duration_seconds) as "duration_calls!"
  from prewarm.source_calls
 where org_id = $1
   and created_at >= $2
   and not is_test_call
 group by 1
 order by 1
