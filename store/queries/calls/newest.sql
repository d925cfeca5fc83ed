-- store::calls::newest
-- The newest calls of each direction without test calls; of calls without an instant, which come last, as many. The index
-- calls_org_direction has each as one look, so that a direction that is rare costs no scan of the other.
-- $1 org, $2 how many of each.
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
       k.contact_id
  from unnest(array['inbound', 'outbound']) as direction
 cross join lateral (
   -- The direction leads the order, which only that index has; compared as a range, since an equal one would leave the order.
   -- Nothing but calls at infinity is skipped before the first.
   (
     select *
       from prewarm.source_calls s
      where s.org_id = $1
        and s.call_direction between direction and direction
        and s.created_at > '-infinity'
        and s.created_at < 'infinity'
        and not s.is_test_call
      order by s.call_direction, s.created_at desc, s.id desc
      limit $2
   )
   union all
   -- A range would read the whole direction to find that no call is there.
   select beyond.*
     from unnest(array[timestamptz 'infinity', timestamptz '-infinity']) as never
    cross join lateral (
      select *
        from prewarm.source_calls s
       where s.org_id = $1
         and s.call_direction = direction
         and s.created_at = never
         and not s.is_test_call
       order by s.id desc
       limit $2
    ) beyond
 ) k
  left join lateral (
    select s.name
      from prewarm.source_contacts s
     where s.id = k.contact_id
       and s.org_id is not distinct from $1
     limit 1
  ) c on true
