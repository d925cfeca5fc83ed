-- The database's clock may jump, and an org may be so large that its rebuild takes minutes. Neither may stop anybody
-- else, and neither may stop anything for longer than it lasts.

-- A version that is true for an instant to come was made before the clock went back: what it shows is not so (yet).
create index versions_as_of on prewarm.versions (as_of);

alter table prewarm.versions add column took interval;

comment on column prewarm.versions.took is 'from the start of the rebuild''s transaction to its last statements';

create or replace view prewarm.owed as
  with recursive marked as (
    (select org_id from prewarm.marks order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  ),
  reasons as (
    select org_id, 'marks' as reason
      from marked
     where org_id is not null
    union all
    select org_id, 'deadline'
      from prewarm.versions
     where next_change_at <= statement_timestamp()
    union all
    select org_id, 'unpublished'
      from prewarm.versions
     where not published
    union all
    -- A version that was committed since this statement began is no sign of anything.
    select org_id, 'clock'
      from prewarm.versions
     where as_of > statement_timestamp() + interval '1 second'
  )
  select r.org_id, r.reason
    from reasons r
   where not exists (
     select from prewarm.leases l where l.org_id = r.org_id and l.until > statement_timestamp()
   );

-- Up to n orgs with marks and without a lease, by id from one on: each is one look into the index, however many marks an
-- org has.
create function prewarm.marked(since uuid, n int) returns setof uuid
language sql stable as $$
  with recursive marked as (
    (select org_id from prewarm.marks where org_id >= since order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  )
  select org_id
    from marked
   where org_id is not null
     and not exists (
       select from prewarm.leases l where l.org_id = marked.org_id and l.until > statement_timestamp()
     )
   limit n
$$;

-- As before, with deadlines taken up oldest first, and of each reason but marks few at a time. What is looked at is bounded
-- too, however much is owed.
create or replace function prewarm.fold() returns int
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  pivot uuid := gen_random_uuid();
  orgs  uuid[];
begin
  orgs := array(
    select org_id from prewarm.marked('00000000-0000-0000-0000-000000000000', 500) as org_id
    union
    select org_id from prewarm.marked(pivot, 500) as org_id
    union
    (select v.org_id
       from prewarm.versions v
      where v.next_change_at <= statement_timestamp()
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      order by v.next_change_at
      limit 100)
    union
    (select org_id from prewarm.owed where reason = 'clock' limit 100)
    union
    (select org_id from prewarm.owed where reason = 'unpublished' limit 100)
  );
  perform prewarm.promote(orgs);
  return prewarm.push_rebuilds(orgs);
end $$;

-- These plans are kept for as long as a session lives. One that was made while little was owed would read all of a table,
-- or all that is owed, again and again when that is much.
alter function prewarm.claim set enable_seqscan = off;
alter function prewarm.claim set enable_bitmapscan = off;
alter function prewarm.push_rebuilds set enable_seqscan = off;

create function prewarm.longest_pause() returns interval
language sql immutable return interval '75 seconds';

comment on function prewarm.longest_pause is 'no lease is set, and no attempt put off, for longer: see backoff and quarantine_pause';

-- What a rebuild of an org may take before the org rests for as long again, a minute at most: changes that come at its
-- pace would otherwise keep a core busy for ever.
create function prewarm.long_rebuild() returns interval
language sql immutable return interval '1 second';

create or replace function prewarm.take(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return query
  with urgent as (
    select d.id, d.subject
      from prewarm.due_jobs d
     where d.job_type = queue
       and d.priority >= 0
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  running as (
    select count(*) as jobs, count(*) filter (where j.priority < 0) as later
      from apalis.jobs j
     where j.lock_by = worker
       and j.status = 'Running'
  ),
  later as (
    select d.id, d.subject
      from prewarm.due_jobs d
     where d.job_type = queue
       and d.priority < 0
     order by d.priority desc, d.run_at
     limit (select greatest(0, least(n - (select count(*) from urgent), (n + r.jobs + 1) / 2 - r.later)) from running r)
       for update skip locked
  ),
  due as (
    select urgent.id, urgent.subject from urgent union all select later.id, later.subject from later
  ),
  leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select prewarm.org_of(due.subject), due.id, now() + lease
      from due
     where prewarm.org_of(due.subject) is not null
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = case held.holder when 'resting' then 1 else held.starts + 1 end,
           until = case
                     when held.holder = 'resting' or held.starts + 1 < prewarm.quarantine_starts() then excluded.until
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

-- Ends a job well: its lease and its subject's dead letter go. An org whose rebuild took long rests: it keeps its lease.
-- Nothing happens when the job is no longer the worker's.
create or replace function prewarm.done(job_id text, worker text) returns void
language plpgsql as $$
declare
  ended apalis.jobs;
  took  interval;
begin
  update apalis.jobs j
     set status = 'Done', done_at = now(), last_result = '{"Ok": null}'
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  -- Not since the claim: the end may have been told late, because the database was away.
  took := (select v.took from prewarm.versions v where v.org_id = prewarm.org_of(split_part(ended.idempotency_key, '#', 1)));
  if took > prewarm.long_rebuild() then
    update prewarm.leases l
       set holder = 'resting', starts = 1, until = now() + least(took, interval '1 minute')
     where l.holder = job_id;
  else
    delete from prewarm.leases l where l.holder = job_id;
  end if;
  delete from apalis.jobs dead
   where dead.job_type = ended.job_type
     and dead.idempotency_key = split_part(ended.idempotency_key, '#', 1) || '#dead';
end $$;

-- After the clock went back, what was noted before lies in the future, further than anything is ever put off. It would
-- stand still for as long as the clock jumped. (Of a clock that went forward nothing remains but what comes early.)
create function prewarm.mend_clock(lease interval) returns void
language plpgsql as $$
begin
  -- Two that mend at once could deadlock.
  if not pg_try_advisory_xact_lock(hashtext('prewarm.mend_clock')) then
    return;
  end if;
  update apalis.jobs j
     set run_at = now()
   where (j.status = 'Pending' or (j.status = 'Failed' and j.attempts < j.max_attempts))
     and j.run_at > now() + case j.attempts when 0 then prewarm.rebuild_gap() else prewarm.longest_pause() end;
  update apalis.jobs j set lock_at = now() where j.status = 'Running' and j.lock_at > now();
  update apalis.workers w set last_seen = now() where w.last_seen > now() + interval '1 second';
  update prewarm.leases l
     set until = now() + lease
   where l.until > now() + greatest(lease, prewarm.longest_pause());
  delete from prewarm.cron_slots s where s.slot > now() + interval '1 second';
end $$;

-- Tells that a worker lives: renews the leases of what it holds, and ends what was lost in its queue. Lost is, after a
-- lease, what a worker had claimed that is not heard of any more, and what this one does not hold: the answer to its claim
-- never came, or it could not tell the end. Returns how many.
drop function prewarm.heartbeat;

create function prewarm.heartbeat(worker text, queue text, lease interval, held text[]) returns int
language plpgsql as $$
declare
  lost int;
begin
  insert into apalis.workers as known (id, worker_type, storage_name, started_at)
  values (worker, queue, 'prewarm', now())
      on conflict (id) do update set last_seen = now();
  perform prewarm.mend_clock(lease);
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held)
              and mine.until < now() + lease * 0.75
              -- Whoever holds the row is ending the job.
              for update skip locked
         );
  delete from prewarm.leases l where l.holder = 'resting' and l.until <= now();
  perform prewarm.fail(stuck.id, stuck.lock_by, 'lost: the job did not end within its lease', false)
     from (select j.id, j.lock_by
             from apalis.jobs j
            where j.job_type = queue
              and j.status = 'Running'
              and j.lock_at < now() - lease
              and case j.lock_by
                    when worker then j.id <> all (held)
                    else not exists (select from apalis.workers w where w.id = j.lock_by and w.last_seen > now() - lease)
                  end
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;

-- What the last refresh of prewarm.fleet_pulse was made from: it reads something of every org, so one that would change
-- nothing is left out. Both, since a rebuild that began before another may commit after it, and counts may begin anew.
create table prewarm.fleet_pulse_made (
  versions  bigint  not null,
  as_of     timestamptz,
  singleton boolean primary key default true check (singleton)
);

comment on column prewarm.fleet_pulse_made.versions is 'the sum of all orgs'' counts';
comment on column prewarm.fleet_pulse_made.as_of is 'the newest instant of any';
