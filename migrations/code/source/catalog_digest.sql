-- A digest of what the catalog says of the map's tables, as the present role may use them. It changes with whatever a look may
-- find, but for changes of functions and types that the map's expressions name. Ten times cheaper than a look.
create or replace function prewarm.catalog_digest() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  relations constant oid[] := array(
    select r.relation::oid from prewarm.source_relations() r order by r.relation
  );
begin
  return md5(concat_ws(' ', current_user, relations,
    (select concat_ws(':', s.xmin, s.map ->> 'mode') from prewarm.schema s),
    (select string_agg(coalesce(to_regclass(s.named)::oid, 0)::text, ',' order by s.source) from prewarm.sources() s),
    (select string_agg(concat_ws(':', c.xmin, row_security_active(c.oid), has_table_privilege(c.oid, 'select')), ',' order by c.oid)
       from pg_class c
      where c.oid = any(relations)),
    (select string_agg(concat_ws(':', a.xmin, e.xmin), ',' order by a.attrelid, a.attnum, e.oid)
       from pg_attribute a
       left join pg_enum e on e.enumtypid = a.atttypid
      where a.attrelid = any(relations) and a.attnum > 0),
    (select string_agg(t.xmin::text, ',' order by t.oid) from pg_trigger t where t.tgrelid = any(relations))
  ));
end $$;
