-- A column of a source as triggers name it. A plain one is not cast: where its type has changed, the trigger must fail before
-- it reads a row.
create or replace function prewarm.expression_of(source text, name text) returns text
language sql stable
return (
  select case when c.plain then c.mapped else c.typed end
    from prewarm.source_columns() c
   where c.source = expression_of.source
     and c.name = expression_of.name
);
