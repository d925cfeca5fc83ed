-- Everything that a schema is made of, one object or part of one a row, apart from who owns it and when it was made.
with namespaces as (
  select oid, nspname, nspacl, nspowner from pg_namespace where nspname in ('prewarm', 'public')
), relations as (
  select c.*, c.oid::regclass::text as name
    from pg_class c
   where c.relnamespace in (select oid from namespaces)
     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
), described as (
  select 'schema ' || nspname as object, 'grants' as part, coalesce(nspacl, acldefault('n', nspowner))::text as definition
    from namespaces
   where nspname = 'prewarm'
  union all
  select 'relation ' || name, 'kind', concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions)
    from relations
  union all
  select 'relation ' || name, 'grants',
         coalesce(relacl, acldefault(case when relkind = 'S' then 's' else 'r' end::"char", relowner))::text
    from relations
   where relkind in ('r', 'v', 'm', 'S')
  union all
  select 'relation ' || r.name, 'column ' || row_number() over (partition by r.oid order by a.attnum),
         concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                   a.attstorage, a.attcompression, a.attoptions, pg_get_expr(d.adbin, d.adrelid), a.attacl)
    from relations r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
   where r.relkind in ('r', 'v', 'm')
  union all
  select 'relation ' || r.name, 'constraint ' || k.conname, pg_get_constraintdef(k.oid)
    from relations r
    join pg_constraint k on k.conrelid = r.oid
  union all
  select 'relation ' || r.name, 'index', pg_get_indexdef(i.indexrelid)
    from relations r
    join pg_index i on i.indexrelid = r.oid
  union all
  select 'relation ' || r.name, 'trigger ' || t.tgname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
    from relations r
    join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select 'relation ' || r.name, 'query', pg_get_viewdef(r.oid)
    from relations r
   where r.relkind in ('v', 'm')
  union all
  select 'relation ' || r.name, 'sequence', concat_ws(' ', s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
    from relations r
    join pg_sequence s on s.seqrelid = r.oid
  union all
  select 'routine ' || p.oid::regprocedure, 'definition',
         pg_get_functiondef(p.oid) || coalesce(p.proacl, acldefault('f', p.proowner))::text
    from pg_proc p
   where p.pronamespace in (select oid from namespaces)
     and p.prokind in ('f', 'p')
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  union all
  select pg_describe_object(d.classoid, d.objoid, d.objsubid), 'comment', d.description
    from pg_description d
    left join relations r on d.classoid = 'pg_class'::regclass and r.oid = d.objoid
    left join pg_proc p on d.classoid = 'pg_proc'::regclass and p.oid = d.objoid
   where r.oid is not null
      or p.pronamespace in (select oid from namespaces where nspname = 'prewarm')
)
select object || ' ' || part || ': ' || definition
  from described
 order by object, part, definition
