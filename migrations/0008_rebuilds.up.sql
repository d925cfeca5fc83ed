-- Rebuilds of everything: runs over all orgs that go on where they stopped, and a way to find orgs that nobody has built.

-- Runs of `prewarm rebuild --all`, so that one which was killed goes on where it stopped.
create sequence prewarm.rebuild_run;

create table prewarm.rebuild_runs (
  run         bigint      primary key,
  started_at  timestamptz not null default statement_timestamp(),
  finished_at timestamptz,
  next_org    uuid        not null default '00000000-0000-0000-0000-000000000000'
);

comment on table prewarm.rebuild_runs is 'runs of `prewarm rebuild --all`; one at a time';
comment on column prewarm.rebuild_runs.next_org is 'every org with a lesser id is done';

create unique index rebuild_runs_open on prewarm.rebuild_runs ((finished_at is null)) where finished_at is null;

create table prewarm.rebuild_failures (
  run    bigint not null references prewarm.rebuild_runs on delete cascade,
  org_id uuid   not null,
  reason text   not null,
  primary key (run, org_id)
);

comment on table prewarm.rebuild_failures is 'orgs that a run could not rebuild';

-- Orgs that were there before Prewarm have no marks, and nobody has built them. They are found by walking over all orgs,
-- once after this migration and then now and then, and built when nothing more urgent is to be done.
create table prewarm.backfill (
  next_org  uuid    default '00000000-0000-0000-0000-000000000000',
  singleton boolean primary key default true check (singleton)
);

comment on table prewarm.backfill is 'the walk over all orgs in search of those that nobody has built';
comment on column prewarm.backfill.next_org is 'where it goes on; null when it is through';

insert into prewarm.backfill default values;

-- Makes a job of each org's rebuild that does not wait already, for when nothing more urgent does; returns how many.
create function prewarm.push_backfill(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
  select apalis.generate_ulid(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id, -1
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

-- Takes the walk on until it has found some orgs, or has looked at many. Few at a time wait: a million jobs at once
-- would be in everybody's way.
create function prewarm.walk() returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  with step as (
    -- One with a lease is being built.
    select o.id,
           v.org_id is null
             and not exists (select from prewarm.leases l where l.org_id = o.id and l.until > statement_timestamp()) as unbuilt
      from prewarm.source_organizations o
      left join prewarm.versions v on v.org_id = o.id
     where o.id >= (select b.next_org from prewarm.backfill b)
     order by o.id
     limit 1000
  ),
  found as (
    select id from step where unbuilt order by id limit 100
  ),
  -- The first that is left to the next step: what comes after a hundred found, or after all that was looked at.
  rest as (
    select id
      from prewarm.source_organizations
     where id > (select case when (select count(*) from found) = 100 then (select id from found order by id desc limit 1)
                             else (select id from step order by id desc limit 1) end)
     order by id
     limit 1
  ),
  walked as (
    update prewarm.backfill set next_org = (select id from rest)
  )
  select prewarm.push_backfill(array(select id from found)) into pushed;
  return pushed;
end $$;

-- An org that was to be built some time, and changes, is urgent.
create function prewarm.promote(orgs uuid[]) returns void
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  update apalis.jobs j
     set priority = 0
   where j.job_type = 'rebuild'
     and j.priority < 0
     and j.status = 'Pending'
     and prewarm.org_of(j.idempotency_key) = any(orgs);
end $$;

-- What is more urgent than all jobs that wait.
create or replace function prewarm.fold() returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pivot uuid := gen_random_uuid();
  orgs  uuid[];
begin
  orgs := array(
    (select org_id from prewarm.owed where reason = 'marks' limit 500)
    union
    (select org_id from prewarm.owed where reason = 'marks' and org_id >= pivot limit 500)
    union
    (select org_id from prewarm.owed where reason <> 'marks' limit 100)
  );
  perform prewarm.promote(orgs);
  return prewarm.push_rebuilds(orgs);
end $$;

-- As before, and of what is not urgent so much that half of the worker's room is left.
create or replace function prewarm.take(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql set plan_cache_mode = force_generic_plan as $$
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

-- As before, but that jobs which are not urgent keep nobody from looking at what is owed; and where nothing is, and
-- nothing waits, the walk goes on.
create or replace function prewarm.claim(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql as $$
declare
  waits boolean;
begin
  if not exists (select from prewarm.due_jobs d where d.job_type = queue and d.priority >= 0) then
    waits := exists (select from prewarm.due_jobs d where d.job_type = queue);
    if queue = 'rebuild' then
      if exists (select from prewarm.owed) then
        if pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
          perform prewarm.fold();
        elsif not waits then
          return;
        end if;
      elsif not waits then
        if not exists (select from prewarm.backfill b where b.next_org is not null)
           or not pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
          return;
        end if;
        perform prewarm.walk();
      end if;
    elsif not waits then
      return;
    end if;
  end if;
  return query select * from prewarm.take(worker, queue, n, lease);
end $$;
