drop table prewarm.fleet_pulse_made;

drop function prewarm.heartbeat;
drop function prewarm.mend_clock, prewarm.long_rebuild, prewarm.longest_pause;

delete from prewarm.leases where holder = 'resting';

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

create or replace function prewarm.done(job_id text, worker text) returns void
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

drop function prewarm.marked;

alter function prewarm.push_rebuilds reset enable_seqscan;
alter function prewarm.claim reset enable_bitmapscan;
alter function prewarm.claim reset enable_seqscan;

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
  )
  select r.org_id, r.reason
    from reasons r
   where not exists (
     select from prewarm.leases l where l.org_id = r.org_id and l.until > statement_timestamp()
   );

drop index prewarm.versions_as_of;

alter table prewarm.versions drop column took;
