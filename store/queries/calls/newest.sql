-- store::calls::newest
-- The newest calls of each direction without test calls, by the index calls_org_direction.
-- $1 org, $2 how many of each.
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
  from unnest(array['inbound', 'outbound']) as direction
 cross join lateral (
   select s.*, c.name as contact_name
     from prewarm.source_calls s
     left join prewarm.source_contacts c on c.id = s.contact_id and c.org_id = s.org_id
    where s.org_id = $1
      and s.call_direction = direction
      and not s.is_test_call
    order by s.created_at desc, s.id desc
    limit $2
 ) k
