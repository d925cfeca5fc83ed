-- store::calls::search
-- Of the newest calls that match a filter, how many bear a text; how many were looked at, and the instant of the oldest. One
-- row.
-- $1–$6 as in calls/count.sql, $7 a LIKE pattern, $8 how many to look at.
select count(*) filter (where k.phone_number ilike $7 or coalesce(c.name, k.phone_number, 'Unknown') ilike $7) as "count!",
       count(*) as "looked_at!",
       min(prewarm.instant(k.created_at)) as "oldest: PgTime"
  from (
    select m.*
      from prewarm.stretches t
     cross join lateral (
       select *
         from prewarm.source_calls s
        where s.org_id = $1
          and s.created_at between t.since and t.until
          and ($2::text is null or s.call_direction = $2)
          and ($3::text is null or s.status = $3)
          and ($4::timestamptz is null or (s.created_at >= $4 and s.created_at < 'infinity'))
          and ($5::timestamptz is null or (s.created_at < $5 and s.created_at > '-infinity'))
          and ($6 or not s.is_test_call)
        order by s.created_at desc, s.id desc
        limit $8::bigint
     ) m
     order by prewarm.instant(m.created_at) desc nulls last, m.id desc
     limit $8
  ) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
