-- The queue: what is owed becomes jobs in apalis' own table, so that its board shows them. A job is a hint. Losing every
-- row of it loses nothing, because the next claim reads again what is owed.
--
-- A job's subject is what it is about: `<kind>`, or `<kind>:<org>`. Its idempotency_key is `<subject>` while it waits,
-- `<subject>#<id>` from its claim on, `<subject>#dead` as a dead letter. The unique index on it then means: one waiting
-- job and one dead letter a subject; and what comes up while a job runs makes one more, not many.

-- A NOTIFY for every job would serialise the commits of all workers.
alter table apalis.jobs disable trigger notify_workers;

-- apalis has each of these twice; every job is written into every index three times.
drop index apalis.lidx;
drop index apalis.unique_job_id;

create index jobs_running on apalis.jobs (job_type, lock_at) where status = 'Running';

create index jobs_ended on apalis.jobs (done_at) where status in ('Done', 'Failed');

create index jobs_dead on apalis.jobs (done_at) where status = 'Killed';

-- Firings of crons: the row decides which of all workers fires a slot.
create table prewarm.cron_slots (
  name     text        not null,
  slot     timestamptz not null,
  fired_at timestamptz not null default statement_timestamp(),
  primary key (name, slot)
);
