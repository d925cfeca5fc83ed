-- Jobs that may start now. A rebuild waits while the lease of its org runs. The lease is looked up row by row: as a
-- join it would cost the order that the index has.
create or replace view prewarm.due_jobs as
  select j.id, j.job_type, j.priority, j.run_at, j.idempotency_key as subject
    from apalis.jobs j
   where j.run_at <= now()
     and (j.status = 'Pending' or (j.status = 'Failed' and j.attempts < j.max_attempts))
     and coalesce((select l.until <= now() from prewarm.leases l where l.org_id = prewarm.org_of(j.idempotency_key)), true);
