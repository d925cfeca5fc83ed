-- The ledger is the queue of rebuilds: what is owed is claimed from it, by the org's lease. A rebuild has no job, and a
-- lease that was not closed is owed, so nothing else has to say whether a version was published.
create table prewarm.dead_letters (
  id           bigint      primary key,
  queue        text        not null,
  kind         text        not null,
  subject      uuid        not null,
  attempts     int         not null,
  max_attempts int         not null,
  since        timestamptz not null default now(),
  died_at      timestamptz not null default now(),
  error        text,
  unique (kind, subject)
);

comment on table prewarm.dead_letters is 'work that is not tried again by itself, or once a minute; one row a subject';
comment on column prewarm.dead_letters.subject is 'the org, agent or test call; all zeros for maintenance, which is about none';
comment on column prewarm.dead_letters.since is 'when the subject first died; it has had no good end since';
comment on column prewarm.dead_letters.error is 'how the last attempt ended badly';

insert into prewarm.dead_letters (id, queue, kind, subject, attempts, max_attempts, since, died_at, error)
select j.id, j.queue, j.kind, j.subject, j.attempts, j.max_attempts, j.ended_at, j.ended_at, j.error
  from prewarm.jobs j
 where j.state = 'dead';

-- Rebuilds that wait stand in the ledger.
delete from prewarm.jobs where state = 'dead' or kind = 'rebuild';

drop function if exists
  prewarm.backfill_next(), prewarm.backoff(int), prewarm.claim(text, text, int, interval), prewarm.done(bigint, text),
  prewarm.enqueue_owed(uuid[]), prewarm.fail(bigint, text, text, boolean),
  prewarm.heartbeat(text, text, interval, bigint[]), prewarm.lease_starts(text, int),
  prewarm.lock_due(text, text, int, interval), prewarm.lost_jobs(text, interval, bigint[]), prewarm.marked(uuid, int),
  prewarm.owed_orgs(), prewarm.push_rebuilds(uuid[], int), prewarm.start_alone(uuid, text, interval);

drop view if exists prewarm.due_jobs, prewarm.owed, prewarm.running_leases;

alter table prewarm.jobs
  drop column subject,
  drop column org_id,
  drop constraint jobs_queue_check,
  drop constraint jobs_state_check,
  drop constraint jobs_check4,
  add column subject uuid not null generated always as
    (coalesce(agent_id, test_call_id, '00000000-0000-0000-0000-000000000000')) stored,
  add check (queue in ('maintenance', 'prewarm')),
  add check (state in ('waiting', 'running', 'done')),
  add check (state <> 'done' or ended_at is not null);

comment on column prewarm.jobs.subject is 'the agent or test call; all zeros for maintenance, which is about none';
comment on column prewarm.jobs.state is 'waiting: for run_at, or for its next attempt';

create unique index jobs_waiting on prewarm.jobs (kind, subject) where state = 'waiting';

-- Rebuilds that run go on without a lease. Their orgs are owed when it would have ended.
drop index prewarm.leases_holder;

delete from prewarm.leases where holder = 'resting';

alter table prewarm.leases
  drop constraint leases_starts_check,
  alter column holder drop not null,
  alter column holder type bigint using null,
  add column worker text,
  add column claimed_at timestamptz not null default now(),
  add column error text,
  add check (starts >= 0);

insert into prewarm.leases (org_id, starts, until)
select v.org_id, 0, now() from prewarm.versions v where not v.published
    on conflict do nothing;

comment on table prewarm.leases is 'rebuilds that were begun and have not ended well';
comment on column prewarm.leases.holder is 'the number of the start; null when nobody rebuilds the org';
comment on column prewarm.leases.worker is 'who started';
comment on column prewarm.leases.starts is 'consecutive starts without a good end; from three on the org is in quarantine';
comment on column prewarm.leases.until is 'nobody starts before: the end of the lease, or of the back-off';
comment on column prewarm.leases.error is 'how the last attempt ended badly';

create unique index leases_holder on prewarm.leases (holder) where holder is not null;

create index leases_until on prewarm.leases (until);

alter table prewarm.versions drop column published;
