-- Our objects that are open to everybody, or to a role that default privileges of no schema name: those reach into our
-- schema as well. Deliberate grants of an operator are left out.
create or replace function prewarm.open_to_others() returns table (object text, grantee text)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  with strangers as (
    select 0::oid as id
    union
    select a.grantee
      from pg_default_acl d
     cross join aclexplode(d.defaclacl) a
     where d.defaclnamespace = 0
       and a.grantee <> d.defaclrole
  ), ours as (
    select 'schema prewarm' as object, n.nspacl as acl from pg_namespace n where n.nspname = 'prewarm'
    union all
    select format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass), c.relacl
      from pg_class c
     where c.relnamespace = 'prewarm'::regnamespace
       and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select format('routine %s', p.oid::regprocedure), coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_proc p
     where p.pronamespace = 'prewarm'::regnamespace
  )
  select distinct o.object, case s.id when 0 then 'public' else s.id::regrole::text end
    from ours o
   cross join aclexplode(o.acl) a
    join strangers s on s.id = a.grantee;
end;
