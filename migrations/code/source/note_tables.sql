-- Notes the tables of the map with their partitions, and the shape of each. Of whole tables it may note the shape alone: which
-- one bore the name when it was attached is remembered.
create or replace procedure prewarm.note_tables(whole boolean default true)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from prewarm.attached_tables a where whole or not a.is_whole;
  insert into prewarm.attached_tables as held (source, relation, is_whole, shape)
  select r.source, r.relation, r.is_whole, prewarm.shape_of(r.relation)
    from prewarm.source_relations() r
   where whole
      or not r.is_whole
      or exists (select from prewarm.attached_tables a where (a.source, a.relation) = (r.source, r.relation))
      on conflict (source, relation) do update set shape = excluded.shape;
end $$;
