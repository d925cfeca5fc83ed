-- Makes prewarm.read_<source>() read the tables of the map. A source that it leaves out has no rows.
create or replace procedure prewarm.put_readers()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  for one in
    select s.source,
           format('select %s', string_agg(c.typed, ', ' order by c.place))
           || coalesce(' from ' || s.named || coalesce(E' where (' || s.condition || E'\n)', ''), ' where false') as body
      from prewarm.sources() s
      join prewarm.source_columns() c using (source)
     group by s.source, s.named, s.condition
  loop
    call prewarm.put_reader(one.source, one.body);
  end loop;
end $$;
