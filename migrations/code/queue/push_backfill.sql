-- Makes a job of each org's rebuild that does not wait already, at a lesser priority than all others; returns how many.
create or replace function prewarm.push_backfill(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
  select prewarm.new_job_id(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id, -1
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;
