-- Claims up to n due jobs for a worker and, with a rebuild, the lease of its org. It counts the start before the work, so
-- that a job which kills its process does not run for ever. A job whose org got another holder meanwhile waits: an
-- operator's rebuild takes a lease without a job. Jobs that are not urgent get half of the worker's room at most. It
-- relies on the planner settings of prewarm.claim, which calls it.
create or replace function prewarm.lock_due(worker text, queue text, n int, lease interval) returns setof prewarm.jobs
language plpgsql as $$
begin
  return query
  with urgent as (
    select d.id, d.org_id
      from prewarm.due_jobs d
     where d.queue = lock_due.queue
       and d.priority >= 0
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  running as (
    select count(*) as jobs, count(*) filter (where j.priority < 0) as later
      from prewarm.jobs j
     where j.worker = lock_due.worker
       and j.state = 'running'
  ),
  later as (
    select d.id, d.org_id
      from prewarm.due_jobs d
     where d.queue = lock_due.queue
       and d.priority < 0
     order by d.priority desc, d.run_at
     limit (select greatest(0, least(n - (select count(*) from urgent), (n + r.jobs + 1) / 2 - r.later)) from running r)
       for update skip locked
  ),
  due as (
    select urgent.id, urgent.org_id from urgent union all select later.id, later.org_id from later
  ),
  leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select due.org_id, due.id::text, now() + lease
      from due
     where due.org_id is not null
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = prewarm.lease_starts(held.holder, held.starts),
           until = prewarm.lease_until(prewarm.lease_starts(held.holder, held.starts), excluded.until)
     where held.until <= now()
    returning holder, starts
  )
  update prewarm.jobs j
     set state = 'running',
         attempts = coalesce((select leased.starts from leased where leased.holder = j.id::text), j.attempts + 1),
         worker = lock_due.worker,
         claimed_at = now(),
         ended_at = null
   where j.id = any (array(
           select due.id from due where due.org_id is null union all select leased.holder::bigint from leased
         ))
  returning j.*;
end $$;
