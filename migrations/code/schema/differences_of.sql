-- The columns of a table but some, each as the difference between a row named made and one named before.
create or replace function prewarm.differences_of(held regclass, variadic keys text[]) returns text
language sql stable
return (
  select string_agg(format('made.%1$I - before.%1$I', a.attname), ', ' order by a.attnum)
    from pg_attribute a
   where a.attrelid = held
     and a.attnum > 0
     and not a.attisdropped
     and a.attname <> all (keys)
);
