-- Makes the waiting job of an org urgent, because the org has changed. Called by prewarm.claim, whose planner
-- settings it relies on.
create or replace function prewarm.promote(orgs uuid[]) returns void
language plpgsql as $$
begin
  update apalis.jobs j
     set priority = 0
   where j.job_type = 'rebuild'
     and j.priority < 0
     and j.status = 'Pending'
     and prewarm.org_of(j.idempotency_key) = any(orgs);
end $$;
