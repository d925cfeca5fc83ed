-- store::calls::newest
-- The newest calls of each direction without test calls; of calls without an instant, which come last, as many. The direction
-- leads the order, which only the index calls_org_direction has: the newest of a direction that is rare are one look as well.
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
 cross join prewarm.stretches t
 cross join lateral (
   select s.id, left(s.phone_number, 512) as phone_number, s.created_at, s.duration_seconds, s.status, s.call_direction,
          s.sentiment_score, s.sentiment_label, s.summary, s.cost_cents, s.ended_reason,
          (select c.name from prewarm.source_contacts c where c.id = s.contact_id and c.org_id is not distinct from $1)
            as contact_name
     from prewarm.source_calls s
    where s.org_id = $1
      and s.call_direction between direction and direction
      and s.created_at between t.since and t.until
      and not s.is_test_call
    order by s.call_direction, s.created_at desc, s.id desc
    limit $2
 ) k
