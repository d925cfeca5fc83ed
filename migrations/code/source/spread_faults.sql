-- Marks every org and every agent for faults that do not name whose rows changed, and forgets faults after ten minutes, but
-- not those of an erasure: their data is kept until somebody erases it. Returns the remaining faults, one a row.
create or replace function prewarm.spread_faults() returns table (what text, reason text, erasure boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  with spread as (
    delete from prewarm.source_faults where every_org returning what, reason, erasure
  )
  insert into prewarm.source_faults (what, reason, erasure)
  select distinct what, reason, erasure
    from spread;
  if found then
    perform prewarm.mark_all_orgs('source');
    perform prewarm.mark_all_agents();
  end if;
  delete from prewarm.source_faults where not erasure and noted_at < statement_timestamp() - interval '10 minutes';
  return query
  select distinct what, reason, erasure
    from prewarm.source_faults
   order by what, reason, erasure;
end $$;
