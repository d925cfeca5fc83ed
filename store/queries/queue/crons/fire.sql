-- store::queue::crons::fire
-- The slot's row decides; its job is left out when one of the subject waits already.
-- $1 cron, $2 slot, $3 queue, $4 subject, $5 args, $6 attempts at most.
with fired as (
  insert into prewarm.cron_slots (name, slot)
  values ($1, $2)
      on conflict do nothing
  returning name
),
pushed as (
  insert into apalis.jobs (id, job_type, idempotency_key, job, max_attempts)
  select prewarm.new_job_id(), $3, $4, $5, $6
    from fired
      on conflict (job_type, idempotency_key) do nothing
)
select exists (select from fired) as "fired!"
