-- Starts the rebuild of one org at once: inserts a job that is running already, and takes the org's lease. Returns no row
-- while a job of the org waits, or within the gap after its last rebuild.
create or replace function prewarm.start_alone(org uuid, worker text, lease interval) returns setof prewarm.jobs
language plpgsql as $$
declare
  job_id constant bigint := nextval('prewarm.jobs_id_seq');
begin
  return query
  with leased as (
    insert into prewarm.leases as held (org_id, holder, until)
    select org, job_id::text, now() + lease
     where not exists (
             select from prewarm.jobs j where j.kind = 'rebuild' and j.subject = org and j.state = 'waiting'
           )
       and not exists (
             select from prewarm.maintained m where m.org_id = org and m.rebuilt_at + prewarm.rebuild_gap() > now()
           )
        on conflict (org_id) do update
       set holder = excluded.holder,
           starts = prewarm.lease_starts(held.holder, held.starts),
           until = prewarm.lease_until(prewarm.lease_starts(held.holder, held.starts), excluded.until)
     where held.until <= now()
    returning starts
  )
  insert into prewarm.jobs as made (id, queue, kind, org_id, state, attempts, max_attempts, worker, claimed_at)
  select job_id, 'rebuild', 'rebuild', org, 'running', leased.starts, prewarm.quarantine_starts(), start_alone.worker, now()
    from leased
  returning made.*;
end $$;
