alter function prewarm.take set plan_cache_mode = force_generic_plan;
alter function prewarm.take set enable_seqscan = off;
alter function prewarm.take set enable_bitmapscan = off;
alter function prewarm.promote set plan_cache_mode = force_generic_plan;

drop function prewarm.claim;

create function prewarm.claim(worker text, queue text, n int, lease interval) returns setof apalis.jobs
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

alter function prewarm.claim set enable_seqscan = off;
alter function prewarm.claim set enable_bitmapscan = off;

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

drop function prewarm.start;
drop function prewarm.fold(uuid[]);
drop function prewarm.owed_orgs;

create index lidx on apalis.jobs (lock_by);
create unique index unique_job_id on apalis.jobs (id);
