-- store::attach::suggest
-- The columns of all tables that are neither ours nor the system's.
select n.nspname::text as "schema!", c.relname::text as "relation!", a.attname::text as "name!",
       format_type(a.atttypid, a.atttypmod) as "kind!", a.attnotnull as "not_null!"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname not in ('prewarm', 'pg_catalog', 'information_schema', 'auth', 'storage', 'realtime', 'vault',
                         'supabase_migrations')
   and n.nspname not like 'pg\_%'
 order by n.nspname <> 'public', n.nspname, c.relname, a.attnum
