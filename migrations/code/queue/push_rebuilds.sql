-- Makes a job for the rebuild of each org that has none waiting; returns how many. Owed changes are committed, so a
-- conflict may be ignored: the waiting job will see them. The order keeps two workers from a deadlock.
create or replace function prewarm.push_rebuilds(orgs uuid[], priority int) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  gap constant interval := prewarm.rebuild_gap();
  pushed int;
begin
  insert into prewarm.jobs (queue, kind, org_id, max_attempts, priority, run_at)
  select 'rebuild', 'rebuild', o.org_id, prewarm.quarantine_starts(), push_rebuilds.priority,
         -- At most a gap from now, even if the clock has gone back.
         least(greatest(m.rebuilt_at + gap, now()), now() + gap)
    from unnest(orgs) as o (org_id)
    left join prewarm.maintained m on m.org_id = o.org_id
   order by o.org_id
      on conflict (kind, subject) where state = 'waiting' do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;
