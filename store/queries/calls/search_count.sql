-- store::calls::search
-- Of the newest calls that match a filter, how many bear a text; how many were looked at, and the instant of the oldest. One
-- row.
-- $1–$6 as in calls/count.sql, $7 a LIKE pattern, $8 how many to look at.
select count(*) filter (where k.phone_number ilike $7 or coalesce(c.name, k.phone_number, 'Unknown') ilike $7) as "count!",
       count(*) as "looked_at!",
       min(k.created_at) as "oldest: PgTime"
  from (
    select k.*
      from prewarm.source_calls k
     where k.org_id = $1
       and ($2::text is null or k.call_direction = $2)
       and ($3::text is null or k.status = $3)
       and ($4::timestamptz is null or k.created_at >= $4)
       and ($5::timestamptz is null or k.created_at < $5)
       and ($6 or not k.is_test_call)
     order by k.created_at desc, k.id desc
     limit $8
  ) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
