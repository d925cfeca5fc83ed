-- store::queue::dead_letters::list
-- $1 how many at most.
select id,
       job_type as queue,
       split_part(idempotency_key, '#', 1) as subject,
       prewarm.org_of(split_part(idempotency_key, '#', 1)) as org_id,
       job as args,
       attempts,
       last_result ->> 'Err' as error,
       coalesce(done_at, run_at) as "died_at!: PgTime"
  from apalis.jobs
 where status = 'Killed'
 order by done_at desc nulls last, id desc
 limit $1
