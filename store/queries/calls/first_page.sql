-- store::calls::first_page
-- The newest calls without test calls, by the index calls_org_created.
-- $1 org, $2 a direction or null for both, $3 how many.
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
  from prewarm.source_calls k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
 where k.org_id = $1
   and not k.is_test_call
   and ($2::text is null or k.call_direction = $2)
 order by k.created_at desc, k.id desc
 limit $3
