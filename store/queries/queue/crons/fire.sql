-- store::queue::crons::fire
-- The slot's row decides; its job is left out when one of the kind waits already.
-- $1 cron, $2 slot, $3 queue, $4 kind, $5 attempts at most.
with fired as (
  insert into prewarm.cron_slots (name, slot)
  values ($1, $2)
      on conflict do nothing
  returning name
),
pushed as (
  insert into prewarm.jobs (queue, kind, max_attempts)
  select $3, $4, $5
    from fired
      on conflict (kind) where state = 'waiting' do nothing
)
select exists (select from fired) as "fired!"
