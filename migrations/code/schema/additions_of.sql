-- The columns of a table but some, each with what is to be added to it, as `update … set …` lists them where rows named held
-- and excluded are added up.
create or replace function prewarm.additions_of(held regclass, variadic keys text[]) returns text
language sql stable
return (
  select string_agg(format('%1$I = held.%1$I + excluded.%1$I', a.attname), ', ' order by a.attnum)
    from pg_attribute a
   where a.attrelid = held
     and a.attnum > 0
     and not a.attisdropped
     and a.attname <> all (keys)
);
