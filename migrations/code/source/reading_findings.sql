-- Columns of the map that cannot be read as it says. Tables that this role may not read at all are told by
-- prewarm.table_findings.
create or replace function prewarm.reading_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one  record;
  part record;
begin
  for one in select s.source, s.named from prewarm.sources() s where to_regclass(s.named) is not null loop
    begin
      execute format('select * from prewarm.source_%s limit 0', one.source);
    exception when others then
      if sqlstate !~ '^(42|22)' then
        raise;
      end if;
      for part in
        select c.name, c.typed, split_part(c.typed, '::pg_catalog.', -1) as type
          from prewarm.source_columns() c
         where c.source = one.source
        union all
        select 'where', format(E'(%s\n)::pg_catalog.bool', s.condition), 'bool'
          from prewarm.sources() s
         where s.source = one.source
           and s.condition is not null
      loop
        begin
          execute format('select %s from %s limit 0', part.typed, one.named);
        exception when others then
          -- Told by prewarm.table_findings.
          continue when not has_table_privilege(one.named, 'select') or row_security_active(one.named);
          return query select concat_ws(':', 'column', one.source, part.name), one.source, sqlerrm, part.type,
                              format('write another expression for %s of %s in the map, and run `prewarm attach` again',
                                     part.name, one.source);
        end;
      end loop;
    end;
  end loop;
end $$;
