-- store::queue::board::jobs
-- The newest first.
-- $1 queue or null for all, $2 state or null for all, $3 id or null for all, $4 how many at most, $5 after how many.
select id, queue, kind, subject as "subject!", state, attempts, max_attempts, worker, error,
       run_at as "run_at!: PgTime", claimed_at as "claimed_at: PgTime", ended_at as "ended_at: PgTime"
  from prewarm.jobs
 where ($1::text is null or queue = $1)
   and ($2::text is null or state = $2)
   and ($3::bigint is null or id = $3)
 order by id desc
 limit $4
offset $5
