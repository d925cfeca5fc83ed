-- Takes up to n due jobs for a worker and, with a rebuild, the lease of its org. The start is counted here, before the
-- work, so that a job that kills its process does not run for ever. A job whose org got another holder meanwhile waits:
-- an operator's rebuild takes a lease without a job. Jobs that are not urgent take half of the worker's
-- room at most. Called by prewarm.claim, whose planner settings it relies on.
create or replace function prewarm.take(worker text, queue text, n int, lease interval) returns setof apalis.jobs
language plpgsql as $$
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
           starts = prewarm.lease_starts(held.holder, held.starts),
           until = prewarm.lease_until(prewarm.lease_starts(held.holder, held.starts), excluded.until)
     where held.until <= now()
    returning holder, starts
  )
  update apalis.jobs j
     set status = 'Running',
         attempts = coalesce((select leased.starts from leased where leased.holder = j.id), j.attempts + 1),
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(
           select due.id from due where prewarm.org_of(due.subject) is null union all select leased.holder from leased
         ))
  returning j.*;
end $$;
