-- store::parked::unpark
-- Assigns parked events to their orgs, the oldest first, by the rule of store::intake::record. Events that another
-- transaction has locked are skipped; those that two orgs claim wait for a minute. Epoch and xid stay, and so the
-- receipt. $1 assistants and $2 numbers that our maps have, $3 events at most, $4 stored bytes after which no further
-- event is taken.
with waiting as (
  select id
    from unnest($1::text[]) as ours (assistant_id)
   cross join lateral (
     select e.id
       from prewarm.events e
      where e.org_id is null and e.body is not null and e.assistant_id = ours.assistant_id
        and (e.replay_after is null or e.replay_after <= statement_timestamp())
      order by e.id
      limit $3
   ) oldest
  union
  select id
    from unnest($2::text[]) as ours (phone_number_id)
   cross join lateral (
     select e.id
       from prewarm.events e
      where e.org_id is null and e.body is not null and e.phone_number_id = ours.phone_number_id
        and (e.replay_after is null or e.replay_after <= statement_timestamp())
      order by e.id
      limit $3
   ) oldest
),
sized as (
  select e.id, sum(pg_column_size(e.body)) over (order by e.id rows unbounded preceding exclude current row) as before
    from (select id from waiting order by id limit $3) oldest
    join prewarm.events e on e.id = oldest.id
),
held as materialized (
  select e.id, (select o.org_id from prewarm.owner_of(e.assistant_id, e.phone_number_id) o) as org_id
    from prewarm.events e
   where e.id in (select id from sized where coalesce(before, 0) < $4)
     and e.org_id is null and e.body is not null
   order by e.id
     for update of e skip locked
),
contested as (
  update prewarm.events e
     set replay_after = statement_timestamp() + interval '1 minute'
    from held
   where e.id = held.id
     and held.org_id is null
)
update prewarm.events e
   set org_id = held.org_id,
       replay_xid = pg_current_xact_id()
  from held
 where e.id = held.id
   and held.org_id is not null
returning e.id, held.org_id as "org_id!", e.received_at as "received_at: PgTime", e.body as "body!"
