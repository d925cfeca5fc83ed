-- store::calls::page
-- One page of the calls that match a filter. Those without an instant come last, and match no filter by time.
-- $1–$7 as in calls/count.sql, $8 rows of a page, $9 rows before it.
select k.id as "id!",
       k.phone_number,
       k.contact_name as "contact_name?",
       k.created_at as "created_at!: PgTime",
       k.duration_seconds,
       k.status,
       k.call_direction as "call_direction!",
       k.sentiment_score,
       k.sentiment_label,
       k.summary,
       k.cost_cents,
       k.ended_reason
  from prewarm.stretches t
 cross join lateral (
   select s.id, left(s.phone_number, 512) as phone_number, c.name as contact_name, s.created_at, s.duration_seconds,
          s.status, s.call_direction, s.sentiment_score, s.sentiment_label, s.summary, s.cost_cents, s.ended_reason
     from prewarm.source_calls s
     left join prewarm.source_contacts c on c.id = s.contact_id and c.org_id = s.org_id
    where s.org_id = $1
      and s.created_at between t.since and t.until
      and ($2::text is null or s.call_direction = $2)
      and ($3::text is null or s.status = $3)
      and ($4::timestamptz is null or (s.created_at >= $4 and s.created_at < 'infinity'))
      and ($5::timestamptz is null or (s.created_at <= $5 and s.created_at > '-infinity'))
      and ($6 or not s.is_test_call)
      and ($7::text is null or s.phone_number ilike $7 or coalesce(c.name, s.phone_number, 'Unknown') ilike $7)
    order by s.created_at desc, s.id desc
    limit $8::bigint + $9::bigint
 ) k
 order by prewarm.instant(k.created_at) desc nulls last, k.id desc
 limit $8
offset $9
