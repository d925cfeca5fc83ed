-- Rebuilds of everything: making an org's tables anew without writing what is right already, runs over all orgs that go
-- on where they stopped, and a way to find orgs that nobody has built.

-- The same as before, for the planner to inline: date_trunc with a zone counts as stable, and a call of a function costs
-- ten times what it does. The slow half is for what no calendar has.
create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable return
  case
    when at >= '1900-01-01Z' and at < '2900-01-01Z' then date_bin('1 hour', at, '1900-01-01Z')
    else date_trunc('hour', at at time zone 'UTC') at time zone 'UTC'
  end;

-- Makes all leads of an org equal to the definition at an instant, and the sums of their buckets.
create procedure prewarm.make_leads(org uuid, at timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_at(at) l where l.org_id = org
  ),
  held as materialized (
    select id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
           last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
           lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
      from prewarm.actionable_leads
     where org_id = org
  ),
  gone as (
    delete from prewarm.actionable_leads l
     where l.id in (select held.id from held except select wanted.id from wanted)
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  -- EXCEPT hashes, whatever the statistics say; a join could be planned for ten rows and run for ten thousand.
  select * from wanted except select * from held
   -- In one order, so that two rebuilds wait for one another instead of deadlocking.
   order by id
      -- Held of another org, from which the contact has moved.
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);

  with leads as materialized (
    select l.bucket, l.estimated_value, l.lead_score from prewarm.actionable_leads l where l.org_id = org
  ),
  wanted as materialized (
    select org as org_id, bucket, coalesce(sum(estimated_value), 0) as pipeline_total,
           count(*) filter (where lead_score >= 80) as hot_leads
      from leads
     group by bucket
  ),
  gone as (
    delete from prewarm.lead_sums s
     where s.org_id = org
       and s.bucket not in (select bucket from wanted)
  )
  insert into prewarm.lead_sums
  select * from wanted except select s.* from prewarm.lead_sums s where s.org_id = org
      on conflict (org_id, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;

-- All sums of an org, from the source.
create function prewarm.sums_of(org uuid) returns setof prewarm.sums
language sql stable as $$
  with hours as materialized (
    select h.* from prewarm.hours_between(org, '-infinity', 'infinity') h
  ),
  days as materialized (
    select date_trunc('day', start, 'UTC') as start, sum(total_calls) as total_calls, sum(inbound_calls) as inbound_calls,
           sum(outbound_calls) as outbound_calls, sum(answered_calls) as answered_calls,
           sum(duration_total) as duration_total, sum(duration_calls) as duration_calls,
           sum(sentiment_total) as sentiment_total, sum(sentiment_calls) as sentiment_calls,
           sum(successful_calls) as successful_calls, sum(appointments) as appointments
      from hours
     group by 1
  ),
  above as (
    select l.level, l.start, sum(d.total_calls)::bigint, sum(d.inbound_calls)::bigint, sum(d.outbound_calls)::bigint,
           sum(d.answered_calls)::bigint, sum(d.duration_total)::bigint, sum(d.duration_calls)::bigint,
           sum(d.sentiment_total), sum(d.sentiment_calls)::bigint, sum(d.successful_calls)::bigint,
           sum(d.appointments)::bigint
      from days d
     cross join lateral (
       values (1::smallint, d.start), (2::smallint, date_trunc('month', d.start, 'UTC')), (3::smallint, '-infinity')
     ) as l (level, start)
     group by l.level, l.start
  )
  select org, 0::smallint, h.* from hours h
  union all
  select org, a.* from above a
$$;

-- Makes all sums of an org equal to the source.
create procedure prewarm.make_sums(org uuid)
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    insert into prewarm.sums select * from prewarm.sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.sums_of(org)
  ),
  gone as (
    delete from prewarm.sums s
     where s.org_id = org
       and (s.level, s.start) in (
         select h.level, h.start from prewarm.sums h where h.org_id = org except select level, start from wanted
       )
  )
  insert into prewarm.sums
  select *
    from wanted w
   where not exists (
     select
       from prewarm.sums h
      where h.org_id = org
        and (h.level, h.start) = (w.level, w.start)
        and h is not distinct from w::prewarm.sums
   )
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

-- prewarm.maintain where nothing that is held is believed: everything is computed from the source, and written where it
-- differs.
create procedure prewarm.maintain_anew(org uuid, at timestamptz)
language plpgsql as $$
begin
  call prewarm.make_leads(org, at);
  call prewarm.make_sums(org);
  insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at)
  values (org, at,
          (select count(*) from prewarm.actionable_leads l where l.org_id = org),
          (select count(*) from prewarm.sums s where s.org_id = org and s.level = 0),
          statement_timestamp())
      on conflict (org_id) do update
     set (as_of, leads, hours, rebuilt_at) = (excluded.as_of, excluded.leads, excluded.hours, excluded.rebuilt_at);
end $$;

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
    select o.id, v.org_id is null as unbuilt
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

-- What is more urgent than all jobs that wait. An org that was to be built some time, and changes, is urgent too.
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
  update apalis.jobs j
     set priority = 0
   where j.job_type = 'rebuild'
     and j.priority < 0
     and j.status = 'Pending'
     and prewarm.org_of(j.idempotency_key) = any(orgs);
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
