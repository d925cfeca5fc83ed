-- store::calls::newest
-- The newest calls of each direction without test calls, by the index calls_org_direction; of calls without an instant, which
-- come last, as many.
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
   select s.id, left(s.phone_number, 512) as phone_number, c.name as contact_name, s.created_at, s.duration_seconds,
          s.status, s.call_direction, s.sentiment_score, s.sentiment_label, s.summary, s.cost_cents, s.ended_reason
     from prewarm.source_calls s
     left join prewarm.source_contacts c on c.id = s.contact_id and c.org_id = s.org_id
    where s.org_id = $1
      and s.call_direction = direction
      and s.created_at between t.since and t.until
      and not s.is_test_call
    order by s.created_at desc, s.id desc
    limit $2
 ) k
