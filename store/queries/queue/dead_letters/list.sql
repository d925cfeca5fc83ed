-- store::queue::dead_letters::list
-- The newest first.
-- $1 id or null for all, $2 how many at most.
select id, queue, kind, subject, attempts, error,
       since as "since: PgTime", died_at as "died_at: PgTime"
  from prewarm.dead_letters
 where $1::bigint is null
    or id = $1
 order by died_at desc, id desc
 limit $2
