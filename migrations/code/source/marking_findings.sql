-- Faults of the trigger functions, found by calling them for statements without rows on an empty copy of each table. Only to be
-- asked in a transaction that is rolled back.
create or replace function prewarm.marking_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  delete from prewarm.source_faults;
  for one in
    select r.source, r.relation, quote_ident(a.attname) as first
      from prewarm.source_relations() r
      join pg_attribute a on a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where r.is_whole
       and a.attnum = (select min(b.attnum) from pg_attribute b
                        where b.attrelid = r.relation and b.attnum > 0 and not b.attisdropped and b.attgenerated = '')
  loop
    execute format('create temporary table tried (like %s) on commit drop', one.relation);
    execute (
      select coalesce(
               string_agg(
                 format('create trigger %I %s execute function %s()', t.name, format(t.fires, 'pg_temp.tried'), t.calls), '; '),
               'select')
        from prewarm.source_triggers() t
       where t.relation = one.relation
         and t.calls like 'prewarm.mark\_' || one.source || '\_%'
    );
    execute format('insert into pg_temp.tried select * from pg_temp.tried; update pg_temp.tried set %1$s = %1$s;
                    delete from pg_temp.tried; drop table pg_temp.tried', one.first);
  end loop;
  return query
  select distinct concat_ws(':', 'mark', f.what), f.what, f.reason, 'expressions that hold for rows of a trigger',
                  format('name the columns of [%s] plainly, or in expressions over its row alone', f.what)
    from prewarm.source_faults f;
end $$;
