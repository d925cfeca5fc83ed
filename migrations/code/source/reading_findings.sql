-- Sources that cannot be read as the map says: the columns that fail, or else the whole. prewarm.table_findings tells of tables
-- that this role may not read at all. Errors of other classes, such as a lock that is not free, are not about the map.
create or replace function prewarm.reading_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one     record;
  part    record;
  failure text;
  told    boolean;
begin
  for one in
    select s.source, s.named, to_regclass(s.named) as relation from prewarm.sources() s where to_regclass(s.named) is not null
  loop
    failure := prewarm.failure_of(format('select * from prewarm.source_%s limit 0', one.source));
    continue when failure is null or not has_table_privilege(one.relation, 'select') or row_security_active(one.relation);
    told := false;
    for part in
      select c.name, c.kind, prewarm.failure_of(format('select %s from %s limit 0', c.typed, one.named)) as failure
        from prewarm.source_columns() c
       where c.source = one.source
      union all
      select 'where', 'bool',
             prewarm.failure_of(format(E'select (%s\n)::pg_catalog.bool from %s limit 0', s.condition, one.named))
        from prewarm.sources() s
       where s.source = one.source and s.condition is not null
    loop
      continue when part.failure is null;
      told := true;
      return query select concat_ws(':', 'column', one.source, part.name), one.source, part.failure, part.kind,
                          format('correct %s of [%s] in the map, and run `prewarm attach` again', part.name, one.source);
    end loop;
    if not told then
      return query select 'view:' || one.source, one.source, failure, 'what was attached', 'run `prewarm attach --map …` again';
    end if;
  end loop;
end $$;
