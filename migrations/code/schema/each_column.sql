-- The columns of a table in their order but some, each put into a text of SQL as %1$I. Procedures that name all columns get the
-- list when they are created, so that no file repeats it.
create or replace function prewarm.each_column(held regclass, text text, variadic but text[] default '{}') returns text
language sql stable
return (
  select string_agg(format(text, a.attname), ', ' order by a.attnum)
    from pg_attribute a
   where a.attrelid = held
     and a.attnum > 0
     and not a.attisdropped
     and a.attname <> all (but)
);
