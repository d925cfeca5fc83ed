-- Where one org alone is owed, which is the rule, its job need not wait to be found: it runs from its first row on.

-- apalis has each of these twice; every job is written into every index three times.
drop index apalis.lidx;
drop index apalis.unique_job_id;

-- Orgs that are owed: of changed ones up to a thousand, half of them from a random place on, so that no org is always last;
-- of deadlines the oldest; of each reason but marks few at a time. What is looked at is bounded, however much is owed.
create function prewarm.owed_orgs() returns uuid[]
language plpgsql as $$
declare
  pivot uuid := gen_random_uuid();
begin
  return array(
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
    (select v.org_id
       from prewarm.versions v
      where v.as_of > statement_timestamp() + interval '1 second'
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      limit 100)
    union
    (select v.org_id
       from prewarm.versions v
      where not v.published
        and not exists (select from prewarm.leases l where l.org_id = v.org_id and l.until > statement_timestamp())
      limit 100)
  );
end $$;

-- Makes jobs of orgs that are owed; returns how many.
create function prewarm.fold(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  perform prewarm.promote(orgs);
  return prewarm.push_rebuilds(orgs);
end $$;

drop function prewarm.fold();

-- The job of an org, claimed at once with the org's lease; none while one of it waits, or within the gap after the org's
-- last rebuild.
create function prewarm.start(org uuid, worker text, lease interval) returns setof apalis.jobs
language plpgsql as $$
declare
  -- A ULID, which the board reads nothing but, though not of this time. apalis makes its own with 45 expressions, and to set
  -- them up for one takes longer than all else here.
  job_id constant text := '0' || upper(left(replace(gen_random_uuid()::text, '-', ''), 25));
begin
  return query
  with leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select org, job_id, now() + lease
     where not exists (
             select from apalis.jobs j where j.job_type = 'rebuild' and j.idempotency_key = 'rebuild:' || org
           )
       and not exists (
             select from prewarm.maintained m where m.org_id = org and m.rebuilt_at + prewarm.rebuild_gap() > now()
           )
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = case held.holder when 'resting' then 1 else held.starts + 1 end,
           until = case
                     when held.holder = 'resting' or held.starts + 1 < prewarm.quarantine_starts() then excluded.until
                     else greatest(excluded.until, now() + prewarm.quarantine_pause())
                   end
     where held.until <= now()
    returning starts
  )
  insert into apalis.jobs as made (id, job_type, job, status, attempts, max_attempts, lock_by, lock_at, idempotency_key)
  select job_id, 'rebuild', convert_to(json_build_object('kind', 'rebuild', 'org_id', org)::text, 'UTF8'), 'Running',
         leased.starts, prewarm.quarantine_starts(), worker, now(), 'rebuild:' || org || '#' || job_id
    from leased
  returning made.*;
end $$;

-- As before, but that an org which is owed alone is started without a wait; then nothing else is due.
drop function prewarm.claim;

create function prewarm.claim(worker text, queue text, n int, lease interval)
returns table (id text, job bytea, attempts int, more boolean)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  waits boolean;
  orgs  uuid[];
begin
  if not exists (select from prewarm.due_jobs d where d.job_type = queue and d.priority >= 0) then
    waits := exists (select from prewarm.due_jobs d where d.job_type = queue);
    if queue = 'rebuild' then
      if exists (select from prewarm.owed) then
        if pg_try_advisory_xact_lock(hashtext('prewarm.fold')) then
          orgs := prewarm.owed_orgs();
          if cardinality(orgs) = 1 then
            return query select s.id, s.job, s.attempts, waits from prewarm.start(orgs[1], worker, lease) s;
            if found then
              return;
            end if;
          end if;
          perform prewarm.fold(orgs);
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
  return query select t.id, t.job, t.attempts, true from prewarm.take(worker, queue, n, lease) t;
end $$;

-- Whoever calls these has said so already.
alter function prewarm.take reset all;
alter function prewarm.promote reset all;
