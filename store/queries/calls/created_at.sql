-- store::calls::created_at
-- The calls of an org that were created at some instants, test calls included, each instant by a range of the index
-- calls_org_created.
-- $1 org, $2 instants, $3 how many of each.
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
       k.ended_reason,
       k.contact_id,
       k.is_test_call as "is_test_call!"
  from unnest($2::timestamptz[]) as at
 cross join lateral (
   select *
     from prewarm.source_calls s
    where s.org_id = $1
      and s.created_at between at and at
    order by s.created_at desc, s.id desc
    limit $3
 ) k
  left join lateral (
    select s.name
      from prewarm.source_contacts s
     where s.id = k.contact_id
       and s.org_id is not distinct from $1
     limit 1
  ) c on true
