-- The tables of the sources with their partitions and heirs.
create or replace function prewarm.source_relations() returns table (source text, relation regclass, is_whole boolean)
language plpgsql stable rows 6 set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select s.source, c.oid::regclass, c.oid = to_regclass(s.named)
    from prewarm.sources() s
   cross join lateral prewarm.heirs_of(to_regclass(s.named)) h
    join pg_class c on c.oid = h.heir and c.relkind in ('r', 'p');
end $$;
