-- Starts the rebuild of one org at once, with a job that is claimed from its first row on and the org's lease. No row
-- while a job of the org waits, or within the gap after its last rebuild.
create or replace function prewarm.start(org uuid, worker text, lease interval) returns setof apalis.jobs
language plpgsql as $$
declare
  job_id constant text := prewarm.new_job_id();
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
           starts = prewarm.lease_starts(held.holder, held.starts),
           until = prewarm.lease_until(prewarm.lease_starts(held.holder, held.starts), excluded.until)
     where held.until <= now()
    returning starts
  )
  insert into apalis.jobs as made (id, job_type, job, status, attempts, max_attempts, lock_by, lock_at, idempotency_key)
  select job_id, 'rebuild', convert_to(json_build_object('kind', 'rebuild', 'org_id', org)::text, 'UTF8'), 'Running',
         leased.starts, prewarm.quarantine_starts(), worker, now(), 'rebuild:' || org || '#' || job_id
    from leased
  returning made.*;
end $$;
