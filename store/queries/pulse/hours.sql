-- store::pulse::hours
-- The non-empty UTC hours of one org from an instant on, oldest first.
-- $1 org, $2 the first hour.
select start as "hour!: PgTime",
       total_calls as "calls!",
       inbound_calls as "inbound!",
       duration_total as "duration_total!",
       duration_calls as "duration_calls!"
  from prewarm.sums
 where org_id = $1
   and level = 0
   and start >= $2
   and total_calls > 0
 order by start
