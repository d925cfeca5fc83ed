-- Makes jobs of orgs that are owed; returns how many.
create or replace function prewarm.fold(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  perform prewarm.promote(orgs);
  return prewarm.push_rebuilds(orgs);
end $$;
