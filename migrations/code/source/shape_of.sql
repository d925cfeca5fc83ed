-- A digest that changes where a table's rows may have changed without our triggers: it was rewritten, has other columns, or a
-- trigger of ours was switched off and on.
create or replace function prewarm.shape_of(relation regclass) returns text
language sql stable
return (
  select md5(concat_ws(' ', c.relfilenode,
           (select string_agg(concat_ws(':', a.attname, a.attnum, a.atttypid), ',' order by a.attnum)
              from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
           (select string_agg(t.xmin::text, ',' order by t.tgname)
              from pg_trigger t
             where t.tgrelid = c.oid and t.tgname like 'prewarm%')
         ))
    from pg_class c
   where c.oid = relation
);
