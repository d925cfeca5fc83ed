-- store::calls::newest
-- The newest calls of each direction without test calls. The direction leads the order, which only the index
-- calls_org_direction has: the newest of a direction that is rare are one look as well.
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
   select s.*,
          (select c.name from prewarm.source_contacts c where c.id = s.contact_id and c.org_id is not distinct from $1)
            as contact_name
     from prewarm.source_calls s
    where s.org_id = $1
      and s.call_direction between direction and direction
      and not s.is_test_call
    order by s.call_direction, s.created_at desc, s.id desc
    limit $2
 ) k
