-- The columns of the sources in the order of the views prewarm.source_…: the view's type, the expression of the map over its
-- table, and the same as that type. A column that the map leaves out is null; without a word a call is no test, and
-- inbound. A plain one is the name of a column of that type. Types are named with their schema: triggers resolve names in the
-- writer's search path. An expression ends with its line: it may end in a comment.
create or replace function prewarm.source_columns()
returns table (source text, name text, place int, kind text, mapped text, typed text, plain boolean)
language plpgsql stable rows 50 set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select s.source, a.attname::text, a.attnum::int, k.kind, m.mapped,
         case
           when d.word is null or t.attnotnull then format(E'(%s\n)::pg_catalog.%s', coalesce(m.mapped, 'null'), k.kind)
           else format(E'coalesce((%s\n)::pg_catalog.%s, %s)', coalesce(m.mapped, 'null'), k.kind, d.word)
         end,
         m.is_name
         and coalesce(t.atttypid = a.atttypid or (t.atttypid, a.atttypid) = ('varchar'::regtype, 'text'::regtype), true)
    from prewarm.sources() s
    join pg_attribute a on a.attrelid = to_regclass('prewarm.source_' || s.source) and a.attnum > 0 and not a.attisdropped
    left join prewarm.schema held on true
   cross join lateral (
     select mapped, mapped ~ '^([a-z_][a-z0-9_]*|"[^"]+")$' and mapped not in ('null', 'true', 'false')
       from (select held.map #>> array['tables', s.source, 'columns', a.attname] where s.named is not null) x (mapped)
      right join (select) one on true
   ) as m (mapped, is_name)
   cross join lateral (
     select case when y.typcategory = 'A' then quote_ident(e.typname) || '[]' else quote_ident(y.typname) end
       from pg_type y
       left join pg_type e on e.oid = y.typelem
      where y.oid = a.atttypid
   ) as k (kind)
    left join (values ('calls', 'is_test_call', 'false'), ('calls', 'call_direction', '''inbound''')) as d (source, name, word)
      on (d.source, d.name) = (s.source, a.attname::text)
    left join pg_attribute t on m.is_name and t.attrelid = to_regclass(s.named) and t.attname = btrim(m.mapped, '"');
end $$;
