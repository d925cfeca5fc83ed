-- store::queue::push
-- $1 queue, $2 subject, $3 args, $4 attempts at most.
insert into apalis.jobs (id, job_type, idempotency_key, job, max_attempts)
values (prewarm.new_job_id(), $1, $2, $3, $4)
    on conflict (job_type, idempotency_key) do nothing
