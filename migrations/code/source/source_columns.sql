-- The columns of the sources in the order of the views prewarm.source_…: the expression that the map has for each, over its
-- table, and the same as the view's type. A column that the map leaves out is null, and no call is then a test. A plain one is
-- the name of a column. Types are named with their schema: triggers resolve names in the writer's search path.
create or replace function prewarm.source_columns()
returns table (source text, name text, place int, mapped text, typed text, plain boolean)
language sql stable
begin atomic
  select s.source, a.attname::text, a.attnum::int, m.mapped,
         format('(%s)::pg_catalog.%I%s', coalesce(m.mapped, case a.attname when 'is_test_call' then 'false' else 'null' end),
                coalesce(e.typname, t.typname), case when e.oid is not null then '[]' end),
         m.mapped ~ '^([a-z_][a-z0-9_]*|"[^"]+")$'
    from prewarm.sources() s
    join pg_attribute a on a.attrelid = to_regclass('prewarm.source_' || s.source) and a.attnum > 0
    join pg_type t on t.oid = a.atttypid
    left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    left join prewarm.schema held on true
   cross join lateral (
     select case when s.named is not null then held.map #>> array['tables', s.source, 'columns', a.attname] end
   ) m (mapped)
   where not a.attisdropped;
end;
