-- store::queue::dead_letters::list
-- The newest first.
-- $1 id or null for all, $2 how many at most.
select id, queue, kind, subject as "subject!", attempts, error,
       ended_at as "died_at!: PgTime"
  from prewarm.jobs
 where state = 'dead'
   and ($1::bigint is null or id = $1)
 order by ended_at desc, id desc
 limit $2
