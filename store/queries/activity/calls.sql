-- store::activity::calls
-- The newest calls, by the index calls_org_created.
-- $1 org, $2 how many.
select k.id as "id!",
       k.created_at as "created_at!: PgTime",
       c.name as "caller_name?",
       k.call_direction as "call_direction!",
       k.sentiment_label,
       k.summary,
       k.duration_seconds
  from prewarm.source_calls k
  left join prewarm.source_contacts c on c.id = k.contact_id and c.org_id = k.org_id
 where k.org_id = $1
   and not k.is_test_call
 order by k.created_at desc, k.id desc
 limit $2
