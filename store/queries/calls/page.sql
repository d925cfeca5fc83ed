-- store::calls::page
-- One page of the calls that match a filter. The rows before it are skipped before any contact is looked up.
-- $1–$6 as in calls/count.sql, $7 rows of a page, $8 rows before it.
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
    select *
      from prewarm.source_calls k
     where k.org_id = $1
       and ($2::text is null or k.call_direction = $2)
       and ($3::text is null or k.status = $3)
       and ($4::timestamptz is null or k.created_at >= $4)
       and ($5::timestamptz is null or k.created_at < $5)
       and ($6 or not k.is_test_call)
     order by k.created_at desc, k.id desc
     limit $7
    offset $8
  ) k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
 order by k.created_at desc, k.id desc
