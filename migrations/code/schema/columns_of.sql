-- The columns of a table in their order, as `update … set (…)` names them. Procedures that replace whole rows get the list
-- when they are created, so that no file repeats it.
create or replace function prewarm.columns_of(held regclass) returns text
language sql stable
return (
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a
   where a.attrelid = held
     and a.attnum > 0
     and not a.attisdropped
);
