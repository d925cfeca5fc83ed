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
    call prewarm.forget_failures();
  end if;
  if reshaped then
    call prewarm.note_tables(whole => false);
  end if;
  insert into prewarm.source_drift
  select *
    from unnest(found_now) f
   where not exists (select from prewarm.source_drift d where d.finding = f.finding)
      on conflict do nothing;
  return query
  select * from prewarm.source_drift d order by d.since, d.finding;
end $$;
