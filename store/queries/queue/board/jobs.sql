-- store::queue::board::jobs
-- Jobs, rebuilds and test calls that are owed or run, and dead letters; the newest first.
-- $1 queue or null for all, $2 state or null for all, $3 id or null for all, $4 how many at most, $5 after how many.
select id as "id!", queue as "queue!", kind as "kind!", subject as "subject!", state as "state!", attempts as "attempts!",
       max_attempts as "max_attempts!", worker, error,
       run_at as "run_at!: PgTime", claimed_at as "claimed_at: PgTime", ended_at as "ended_at: PgTime"
  from prewarm.shown_jobs
 where ($1::text is null or queue = $1)
   and ($2::text is null or state = $2)
   and ($3::text is null or id = $3)
 order by coalesce(ended_at, claimed_at, run_at) desc, id
 limit $4
offset $5
