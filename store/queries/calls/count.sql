-- store::calls::count
-- Counts the calls that match a filter. One row.
-- $1 org, $2 direction, $3 status, $4 from, $5 before, $6 whether test calls count; any of $2–$5 null.
select count(*) as "count!"
  from prewarm.source_calls k
 where k.org_id = $1
   and ($2::text is null or k.call_direction = $2)
   and ($3::text is null or k.status = $3)
   and ($4::timestamptz is null or (k.created_at >= $4 and k.created_at < 'infinity'))
   and ($5::timestamptz is null or (k.created_at < $5 and k.created_at > '-infinity'))
   and ($6 or not k.is_test_call)
