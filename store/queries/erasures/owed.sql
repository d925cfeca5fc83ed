-- store::erasures::owed
-- Erasures of which Postgres still holds something, the oldest first.
-- $1 how many at most.
select id
  from prewarm.erasures
 where done_at is null
   and erased_at is null
 order by id
 limit $1
