-- The remedy where webhooks could not write a source: a privilege that this role lacks, or else the map.
create or replace function prewarm.writing_remedy(source text, code text) returns text
language sql stable
return case
  when code = '42501'
  then (select format('grant select, insert, update on %s to %I', s.named, current_user)
          from prewarm.sources() s
         where s.source = writing_remedy.source)
  else format('correct [writes.%s] in the map', source)
end;
