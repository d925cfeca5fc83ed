-- Notes the tables of the map with their partitions, and the shape of each.
create or replace procedure prewarm.note_tables()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from prewarm.attached_tables;
  insert into prewarm.attached_tables (source, relation, is_whole, shape)
  select r.source, r.relation, r.is_whole, prewarm.shape_of(r.relation)
    from prewarm.source_relations() r;
end $$;
