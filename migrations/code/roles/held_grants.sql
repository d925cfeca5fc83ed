-- The privileges that the roles prewarm_api and prewarm_worker were granted on our objects.
create or replace function prewarm.held_grants() returns table (role name, id oid, object text, privilege text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return query
  with ours as (
    select c.oid, case c.relkind when 'S' then 'sequence ' else '' end || c.oid::regclass as object, c.relacl as acl
      from pg_class c
     where c.relnamespace = 'prewarm'::regnamespace
    union all
    select p.oid, 'routine ' || p.oid::regprocedure, p.proacl from pg_proc p where p.pronamespace = 'prewarm'::regnamespace
  )
  select r.rolname, o.oid::oid, o.object, lower(a.privilege_type)
    from ours o
   cross join aclexplode(o.acl) a
    join pg_roles r on r.oid = a.grantee
   where r.rolname in ('prewarm_api', 'prewarm_worker');
end $$;
