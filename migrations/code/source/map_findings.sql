-- Faults of the map itself: columns that no source has, sources that must be there, and columns that must.
create or replace function prewarm.map_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  select concat_ws(':', 'map', s.source, k.name), s.source, format('the map gives %s a column %s', s.source, k.name),
         (select string_agg(c.name, ', ' order by c.place)
            from prewarm.source_columns() c
           where c.source = s.source
             and c.name not in ('is_actionable', 'temperature', 'is_live')),
         format('remove %s from [%s]', k.name, s.source)
    from prewarm.sources() s
    join prewarm.schema a on true
   cross join lateral jsonb_object_keys(a.map #> array['tables', s.source, 'columns']) k (name)
   where not exists (select from prewarm.source_columns() c where (c.source, c.name) = (s.source, k.name))
  union all
  select concat_ws(':', 'map', s.source), s.source, format('the map has no [%s]', s.source), 'a table',
         format('write [%s] with its table, id%s', s.source, case when s.source <> 'organizations' then ' and org_id' end)
    from prewarm.sources() s
   where s.named is null and s.source in ('organizations', 'contacts', 'calls')
  union all
  select concat_ws(':', 'map', s.source, c.name), s.source, format('the map has no %s of %s', c.name, s.source),
         'an expression', format('write %s = "…" in [%s]', c.name, s.source)
    from prewarm.sources() s
    join prewarm.source_columns() c using (source)
   where s.named is not null
     and (c.name in ('id', 'org_id') or (c.source, c.name) = ('calls', 'created_at'))
     and c.mapped is null
  union all
  select concat_ws(':', 'map', min(s.source), 'table'), min(s.source),
         format('the map has %s for %s sources', s.named, count(*)), 'a table each', 'leave all but one of them out'
    from prewarm.sources() s
   where s.named is not null
   group by s.named
  having count(*) > 1;
end;
