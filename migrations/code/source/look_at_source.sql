-- Compares the source with the map, and records the differences. Once one has gone, or a table's shape has changed, changes may
-- have been missed: every org and every agent is marked. Writes nothing while nothing changes. Returns the differences, the
-- oldest first.
create or replace function prewarm.look_at_source() returns setof prewarm.source_drift
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  found_now constant prewarm.source_drift[] := array(
    select (f.finding, f.source, f.seen, f.wanted, f.remedy, statement_timestamp())::prewarm.source_drift
      from prewarm.source_findings() f
  );
  reshaped  constant boolean := prewarm.reshaped();
begin
  delete from prewarm.source_drift d
   where not exists (select from unnest(found_now) f where f.finding = d.finding);
  if found or reshaped then
    call prewarm.mark_everything();
  end if;
  if reshaped then
    update prewarm.attached_tables a set shape = prewarm.shape_of(a.relation) where a.is_whole and prewarm.shape_of(a.relation) is not null;
    delete from prewarm.attached_tables a where not a.is_whole;
    insert into prewarm.attached_tables (source, relation, is_whole, shape)
    select r.source, r.relation, false, prewarm.shape_of(r.relation) from prewarm.source_relations() r where not r.is_whole;
  end if;
  insert into prewarm.source_drift
  select *
    from unnest(found_now) f
   where not exists (select from prewarm.source_drift d where d.finding = f.finding)
      on conflict do nothing;
  return query
  select * from prewarm.source_drift d order by d.since, d.finding;
end $$;
