-- Marks everything for faults that do not say whose rows were changed, and forgets faults that are older
-- than ten minutes. The faults that are left, one a row.
create or replace function prewarm.spread_faults() returns table (what text, reason text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  with spread as (
    delete from prewarm.source_faults where every_org returning what, reason
  )
  insert into prewarm.source_faults (what, reason)
  select distinct what, reason
    from spread;
  if found then
    perform prewarm.mark_all_orgs('source');
    perform prewarm.mark_all_agents();
  end if;
  delete from prewarm.source_faults where noted_at < statement_timestamp() - interval '10 minutes';
  return query
  select distinct what, reason
    from prewarm.source_faults
   order by what, reason;
end $$;
