-- Makes jobs for orgs that are owed; returns how many. A waiting job that was not urgent becomes urgent.
create or replace function prewarm.enqueue_owed(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  update prewarm.jobs j
     set priority = 0
   where j.kind = 'rebuild'
     and j.subject = any (orgs)
     and j.state = 'waiting'
     and j.priority < 0;
  return prewarm.push_rebuilds(orgs, 0);
end $$;
