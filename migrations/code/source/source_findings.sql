-- All differences between the source and the map, as the present role sees them.
create or replace function prewarm.source_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql
begin atomic
  select * from prewarm.table_findings()
  union all
  select * from prewarm.trigger_obstacles()
  union all
  select * from prewarm.trigger_findings()
  union all
  select * from prewarm.reading_findings();
end;
