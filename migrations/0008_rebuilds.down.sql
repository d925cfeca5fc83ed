create or replace function prewarm.claim(worker text, queue text, n int, lease interval) returns setof apalis.jobs
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

create or replace function prewarm.take(worker text, queue text, n int, lease interval) returns setof apalis.jobs
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

create or replace function prewarm.fold() returns int
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

drop function prewarm.promote(uuid[]);
drop function prewarm.walk();
drop function prewarm.push_backfill(uuid[]);
drop table prewarm.backfill;
drop table prewarm.rebuild_failures;
drop table prewarm.rebuild_runs;
drop sequence prewarm.rebuild_run;
