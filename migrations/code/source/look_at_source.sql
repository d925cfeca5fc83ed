-- Compares the source with the map, and records the differences. Once one has gone, changes may have been missed meanwhile:
-- every org and every agent is marked. Writes nothing while nothing changes. Returns the differences, the oldest first.
create or replace function prewarm.look_at_source() returns setof prewarm.source_drift
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  found_now constant prewarm.source_drift[] := array(
    select (f.finding, f.source, f.seen, f.wanted, f.remedy, statement_timestamp())::prewarm.source_drift
      from prewarm.source_findings() f
  );
begin
  delete from prewarm.source_drift d
   where not exists (select from unnest(found_now) f where f.finding = d.finding);
  if found then
    perform prewarm.mark_all_orgs('source');
    perform prewarm.mark_all_agents();
  end if;
  insert into prewarm.source_drift
  select *
    from unnest(found_now) f
   where not exists (select from prewarm.source_drift d where d.finding = f.finding)
      on conflict do nothing;
  return query
  select * from prewarm.source_drift d order by d.since, d.finding;
end $$;
