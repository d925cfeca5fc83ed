-- store::calls::search
-- One page of the calls that calls/search_count.sql counts.
-- $1–$8 as there, $9 rows of a page, $10 rows before it.
select k.id as "id!",
       left(k.phone_number, 512) as phone_number,
       c.name as "contact_name?",
       k.created_at as "created_at!: PgTime",
       k.duration_seconds,
       k.status,
       k.call_direction as "call_direction!",
       k.sentiment_score,
       k.sentiment_label,
       k.summary,
       k.cost_cents,
       k.ended_reason
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
 where k.phone_number ilike $7 or coalesce(c.name, k.phone_number, 'Unknown') ilike $7
 order by prewarm.instant(k.created_at) desc nulls last, k.id desc
 limit $9
offset $10
