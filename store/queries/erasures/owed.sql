-- store::erasures::owed
-- Erasures of which Postgres still holds data, the oldest first.
-- $1 limit.
select id
  from prewarm.erasures
 where done_at is null
   and erased_at is null
 order by id
 limit $1
