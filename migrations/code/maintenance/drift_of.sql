-- The parts of what is kept of an org that differ from the source, by a fault of ours or a change that no trigger saw. Null
-- while changes wait for a rebuild. Reads all that the org has, once.
create or replace function prewarm.drift_of(org uuid) returns text[]
language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
declare
  kept prewarm.maintained;
begin
  select * into kept from prewarm.maintained m where m.org_id = org;
  if isfinite(kept.as_of) is not true or exists (select from prewarm.marks m where m.org_id = org) then
    return null;
  end if;
  return array_remove(array[
    case when prewarm.leads_drifted(kept) then 'leads' end,
    case when prewarm.sums_drifted(org) then 'sums' end,
    case when prewarm.callers_drifted(org) then 'frequent callers' end
  ], null);
end $$;
