-- The rows of a transition table under the name of the source's own table, by which an expression of the map may qualify its
-- columns.
create or replace function prewarm.rows_of(source text, transition text) returns text
language sql stable
return (
  select transition || coalesce(' as ' || regexp_replace(s.named, '^("[^"]+"|[^".]+)\.', ''), '')
    from prewarm.sources() s
   where s.source = rows_of.source
);
