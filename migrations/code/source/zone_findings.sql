-- Columns of the map that have no time zone, where an instant is wanted: in a trigger they would be read in the writer's zone.
create or replace function prewarm.zone_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  select concat_ws(':', 'zone', c.source, c.name), c.source, format('%s of %s has no time zone', c.mapped, s.named),
         'an instant',
         format('write %s = "%s at time zone ''UTC''" in [%s], or the zone that it is in', c.name, c.mapped, c.source)
    from prewarm.source_columns() c
    join prewarm.sources() s on s.source = c.source
    join pg_attribute t on t.attrelid = to_regclass(s.named) and t.attname = btrim(c.mapped, '"')
   where c.kind = 'timestamptz'
     and t.atttypid in ('timestamp'::regtype, 'date'::regtype);
end;
