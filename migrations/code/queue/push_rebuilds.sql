-- Makes a job of each org's rebuild that does not wait already; returns how many. What is owed is committed, so that
-- doing nothing on a conflict is safe: the waiting job will see it. Sorted, so that two workers wait for each other
-- rather than deadlock.
create or replace function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  gap constant interval := prewarm.rebuild_gap();
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, run_at)
  select prewarm.new_job_id(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', o.org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || o.org_id,
         -- No later than a gap from now, should the clock have gone back.
         least(greatest(m.rebuilt_at + gap, now()), now() + gap)
    from unnest(orgs) as o (org_id)
    left join prewarm.maintained m on m.org_id = o.org_id
   order by o.org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;
