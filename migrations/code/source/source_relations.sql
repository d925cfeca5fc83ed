-- The tables of the sources with their partitions and heirs, which an application may write directly.
create or replace function prewarm.source_relations() returns table (source text, relation regclass, is_whole boolean)
language sql stable
begin atomic
  with recursive found as (
    select s.source, to_regclass(s.named) as relation, true as is_whole
      from prewarm.sources() s
     where to_regclass(s.named) is not null
    union
    select f.source, i.inhrelid::regclass, false
      from found f
      join pg_inherits i on i.inhparent = f.relation
  )
  select f.source, f.relation, f.is_whole
    from found f
    join pg_class c on c.oid = f.relation
   where c.relkind in ('r', 'p');
end;
