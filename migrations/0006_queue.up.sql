-- The queue: what is owed becomes jobs in apalis' own table, so that its board shows them. A job is a hint. Losing every
-- row of it loses nothing, because the next claim reads again what is owed.
--
-- A job's subject is what it is about: `<kind>`, or `<kind>:<org>`. Its idempotency_key is `<subject>` while it waits,
-- `<subject>#<id>` from its claim on, `<subject>#dead` as a dead letter. The unique index on it then means: one waiting
-- job and one dead letter a subject; and what comes up while a job runs makes one more, not many.
--
-- What a claim runs is planned once a session: planning anew for each argument takes longer than running.

-- A NOTIFY for every job would serialise the commits of all workers.
alter table apalis.jobs disable trigger notify_workers;

create index jobs_running on apalis.jobs (job_type, lock_at) where status = 'Running';

create index jobs_ended on apalis.jobs (done_at) where status in ('Done', 'Failed');

create index jobs_dead on apalis.jobs (done_at) where status = 'Killed';

-- The job that holds a lease, so that an end which comes late never touches the lease of a later start.
create index leases_holder on prewarm.leases (holder);

comment on column prewarm.leases.holder is 'the id of the job, or whoever else rebuilds';

-- Firings of crons: the row decides which of all workers fires a slot.
create table prewarm.cron_slots (
  name     text        not null,
  slot     timestamptz not null,
  fired_at timestamptz not null default statement_timestamp(),
  primary key (name, slot)
);

create function prewarm.quarantine_starts() returns int
language sql immutable return 3;

comment on function prewarm.quarantine_starts is 'consecutive starts of an org''s rebuild without a good end that put it in quarantine';

create function prewarm.quarantine_pause() returns interval
language sql immutable return interval '1 minute';

comment on function prewarm.quarantine_pause is 'from one try of an org in quarantine to the next';

create function prewarm.backoff(attempts int) returns interval
language sql volatile
return least(interval '0.5 seconds' * power(2, least(attempts, 20) - 1), interval '1 minute') * (0.75 + random() / 2);

comment on function prewarm.backoff is 'the pause after so many attempts, spread by a quarter to both sides';

create function prewarm.org_of(subject text) returns uuid
language sql immutable
return case when subject ~ '^rebuild:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(subject, 9)::uuid end;

comment on function prewarm.org_of is 'the org whose lease a job takes; null for a job without one';

-- Jobs that may start now. A rebuild waits while the lease of its org runs. The lease is looked up row by row: as a join
-- it would cost the order that the index has.
create view prewarm.due_jobs as
  select j.id, j.job_type, j.priority, j.run_at, j.idempotency_key as subject
    from apalis.jobs j
   where j.run_at <= now()
     and (j.status = 'Pending' or (j.status = 'Failed' and j.attempts < j.max_attempts))
     and coalesce((select l.until <= now() from prewarm.leases l where l.org_id = prewarm.org_of(j.idempotency_key)), true);

-- Makes a job of each org's rebuild that does not wait already; returns how many. What is owed is committed, so that
-- doing nothing on a conflict is safe: the waiting job will see it. Sorted, so that two workers wait for each other
-- rather than deadlock.
create function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key)
  select apalis.generate_ulid(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

-- Makes jobs of what is owed; returns how many. Bounded, so that a claim stays short when the whole fleet is owed; half
-- of the changed orgs are taken from a random place on, so that no org is always last. Of the other reasons fewer wait
-- at a time: a deadline that all orgs share must not hold up changes.
create function prewarm.fold() returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pivot uuid := gen_random_uuid();
begin
  return prewarm.push_rebuilds(array(
    (select org_id from prewarm.owed where reason = 'marks' limit 500)
    union
    (select org_id from prewarm.owed where reason = 'marks' and org_id >= pivot limit 500)
    union
    (select org_id from prewarm.owed where reason <> 'marks' limit 100)
  ));
end $$;

-- Takes up to n due jobs for a worker and, with a rebuild, the lease of its org; leaves out orgs whose lease runs. The
-- start is counted here, before the work, so that a job that kills its process does not run for ever.
create function prewarm.take(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  return query
  with due as (
    select d.id, d.subject
      from prewarm.due_jobs d
     where d.job_type = queue
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select prewarm.org_of(due.subject), due.id, now() + lease
      from due
     where prewarm.org_of(due.subject) is not null
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = held.starts + 1,
           until = case
                     when held.starts + 1 < prewarm.quarantine_starts() then excluded.until
                     else greatest(excluded.until, now() + prewarm.quarantine_pause())
                   end
    returning holder, starts
  )
  update apalis.jobs j
     set status = 'Running',
         attempts = coalesce((select leased.starts from leased where leased.holder = j.id), j.attempts + 1),
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;

-- One round trip of a worker that has room for n jobs. Looks at what is owed only when no job is due, so that a backlog
-- does not make each claim dearer; when it has been worked off, every org that is owed gets its turn. One worker folds at
-- a time: another would not see the leases that it takes, and make every job twice. An idle look writes nothing.
create function prewarm.claim(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql as $$
begin
  if not exists (select from prewarm.due_jobs d where d.job_type = queue) then
    if queue <> 'rebuild'
       or not exists (select from prewarm.owed)
       or not pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
      return;
    end if;
    perform prewarm.fold();
  end if;
  return query select * from prewarm.take(worker, queue, n, lease);
end $$;

-- Ends a job well: its lease and its subject's dead letter go. Nothing happens when the job is no longer the worker's.
create function prewarm.done(job_id text, worker text) returns void
language plpgsql as $$
declare
  ended apalis.jobs;
begin
  update apalis.jobs j
     set status = 'Done', done_at = now(), last_result = '{"Ok": null}'
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  delete from apalis.jobs dead
   where dead.job_type = ended.job_type
     and dead.idempotency_key = split_part(ended.idempotency_key, '#', 1) || '#dead';
end $$;

-- Ends a job badly. It waits for its next attempt, and its org's lease with it; after the last one, or at once when
-- final, it is its subject's dead letter and the org in quarantine. Nothing happens when it is no longer the worker's.
create function prewarm.fail(job_id text, worker text, error text, final boolean) returns void
language plpgsql as $$
declare
  ended    apalis.jobs;
  subject  text;
  retry_at timestamptz;
begin
  update apalis.jobs j
     set status = 'Failed', done_at = now(), last_result = jsonb_build_object('Err', left(error, 1000))
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  subject := split_part(ended.idempotency_key, '#', 1);
  if final or ended.attempts >= ended.max_attempts then
    update prewarm.leases l
       set starts = greatest(l.starts, prewarm.quarantine_starts()), until = now() + prewarm.quarantine_pause()
     where l.holder = job_id;
    delete from apalis.jobs dead where dead.job_type = ended.job_type and dead.idempotency_key = subject || '#dead';
    update apalis.jobs j set status = 'Killed', idempotency_key = subject || '#dead' where j.id = job_id;
    return;
  end if;
  retry_at := now() + prewarm.backoff(ended.attempts);
  update prewarm.leases l set until = retry_at where l.holder = job_id;
  begin
    update apalis.jobs j set run_at = retry_at, idempotency_key = subject where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already: this one need not come back.
    update apalis.jobs j set max_attempts = j.attempts where j.id = job_id;
  end;
end $$;

-- Gives back a job that was claimed and not begun, or that was cut short by a shutdown: neither a start nor a failure.
create function prewarm.release(job_id text, worker text) returns void
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
     for update;
  if not found then
    return;
  end if;
  update prewarm.leases l set until = now() where l.holder = job_id;
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = greatest(j.attempts - 1, 0), lock_by = null, lock_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
end $$;

-- Tells that a worker lives, and ends what was lost in its queue: every job is cut off well before the lease's end, so
-- that one which still runs after it has no worker any more, or one that hangs. Returns how many.
create function prewarm.heartbeat(worker text, queue text, lease interval) returns int
language plpgsql as $$
declare
  lost int;
begin
  insert into apalis.workers as known (id, worker_type, storage_name, started_at)
  values (worker, queue, 'prewarm', now())
      on conflict (id) do update set last_seen = now();
  perform prewarm.fail(stuck.id, stuck.lock_by, 'lost: the job did not end within its lease', false)
     from (select j.id, j.lock_by
             from apalis.jobs j
            where j.job_type = queue and j.status = 'Running' and j.lock_at < now() - lease
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;

-- Makes a dead letter wait again, with all its attempts before it and its org out of quarantine. False when there is no
-- such dead letter.
create function prewarm.retry(job_id text) returns boolean
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.status = 'Killed'
     for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = 0, run_at = now(), lock_by = null, lock_at = null, done_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- The subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
  return true;
end $$;
