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
  constraint dead_letters_subject unique (kind, subject)
);

comment on table prewarm.dead_letters is 'work that is not tried again by itself, or once a minute; one row a subject';
comment on column prewarm.dead_letters.subject is 'the org, agent or test call; all zeros for maintenance, which is about none';
comment on column prewarm.dead_letters.since is 'when the subject first died; it has had no good end since';
comment on column prewarm.dead_letters.error is 'how the last attempt ended badly';

insert into prewarm.dead_letters (id, queue, kind, subject, attempts, max_attempts, since, died_at, error)
select j.id, j.queue, j.kind, j.subject, j.attempts, j.max_attempts, j.ended_at, j.ended_at, j.error
  from prewarm.jobs j
 where j.state = 'dead';

-- Rebuilds that wait stand in the ledger, but for orgs that the walk has passed: it begins again.
delete from prewarm.jobs where state = 'dead' or kind = 'rebuild';

update prewarm.backfill set next_org = '00000000-0000-0000-0000-000000000000';

drop function if exists
  prewarm.backfill_next(), prewarm.backoff(int), prewarm.claim(text, text, int, interval), prewarm.done(bigint, text),
  prewarm.enqueue_owed(uuid[]), prewarm.fail(bigint, text, text, boolean),
  prewarm.heartbeat(text, text, interval, bigint[]), prewarm.lease_starts(text, int),
  prewarm.lock_due(text, text, int, interval), prewarm.lost_jobs(text, interval, bigint[]), prewarm.marked(uuid, int),
  prewarm.owed_orgs(), prewarm.push_rebuilds(uuid[], int), prewarm.retry(bigint), prewarm.start_alone(uuid, text, interval);

drop view if exists prewarm.due_jobs, prewarm.owed, prewarm.running_leases;

-- By what they are: Postgres named them.
do $$
declare
  named record;
begin
  for named in
    select c.conrelid::regclass as held_by, c.conname
      from pg_constraint c
     where c.contype = 'c'
       and c.conrelid in ('prewarm.jobs'::regclass, 'prewarm.leases'::regclass)
  loop
    execute format('alter table %s drop constraint %I', named.held_by, named.conname);
  end loop;
end $$;

alter table prewarm.jobs
  drop column subject,
  drop column org_id,
  add column subject uuid not null generated always as
    (coalesce(agent_id, test_call_id, '00000000-0000-0000-0000-000000000000')) stored,
  add constraint jobs_agent check ((agent_id is not null) = (kind = 'prewarm')),
  add constraint jobs_test_call check ((test_call_id is not null) = (kind = 'test_call')),
  add constraint jobs_queue check (queue in ('maintenance', 'prewarm')),
  add constraint jobs_state check (state in ('waiting', 'running', 'done')),
  add constraint jobs_attempts check (attempts >= 0 and max_attempts > 0),
  add constraint jobs_running check (state <> 'running' or (worker, claimed_at) is not null),
  add constraint jobs_done check (state <> 'done' or ended_at is not null);

comment on column prewarm.jobs.subject is 'the agent or test call; all zeros for maintenance, which is about none';
comment on column prewarm.jobs.state is 'waiting: for run_at, or for its next attempt';

create unique index jobs_waiting on prewarm.jobs (kind, subject) where state = 'waiting';

-- Rebuilds that run go on without a lease. Their orgs are owed when it would have ended.
drop index prewarm.leases_holder;

delete from prewarm.leases where holder = 'resting';

alter table prewarm.leases
  alter column holder drop not null,
  alter column holder type bigint using null,
  add column worker text,
  add column since timestamptz not null default now(),
  add column claimed_at timestamptz not null default now(),
  add column error text,
  add constraint leases_starts check (starts >= 0);

-- A row comes and goes with every rebuild.
alter table prewarm.leases
  set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

insert into prewarm.leases (org_id, starts, until)
select v.org_id, 0, now() from prewarm.versions v where not v.published
    on conflict do nothing;

comment on table prewarm.leases is 'rebuilds that were begun and have not ended well';
comment on column prewarm.leases.holder is 'the number of the start; null when nobody rebuilds the org';
comment on column prewarm.leases.worker is 'who started';
comment on column prewarm.leases.since is 'the first of the starts';
comment on column prewarm.leases.starts is 'consecutive starts without a good end; from three on the org is in quarantine';
comment on column prewarm.leases.until is 'nobody starts before: the end of the lease, or of the back-off';
comment on column prewarm.leases.error is 'how the last attempt ended badly';

create unique index leases_holder on prewarm.leases (holder) where holder is not null;

-- Of those that nobody holds alone: a long snapshot keeps all the others in an index long after they have gone.
create index leases_until on prewarm.leases (until) where holder is null;

alter table prewarm.versions drop column published;
