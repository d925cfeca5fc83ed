-- store::calls::search
-- One page of the calls that calls/search_count.sql counts.
-- $1–$8 as there, $9 rows of a page, $10 rows before it.
select k.id as "id!",
       k.phone_number,
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
 where k.phone_number ilike $7 or coalesce(c.name, k.phone_number, 'Unknown') ilike $7
 order by k.created_at desc, k.id desc
 limit $9
offset $10
