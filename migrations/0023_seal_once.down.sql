create or replace procedure prewarm.seal()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  routine regprocedure;
  grantee regrole;
begin
  for routine in
    select p.oid
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'prewarm'::regnamespace
       and (l.lanname = 'plpgsql' or l.lanname = 'sql' and p.provolatile = 'v' and p.prosqlbody is null)
       and p.proname not like 'mark\_new\_%'
       and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%')
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
  revoke all on schema prewarm from public;
  revoke all on all tables in schema prewarm from public;
  revoke all on all sequences in schema prewarm from public;
  revoke all on all routines in schema prewarm from public;
  -- Default privileges that are no schema's reach into ours as well.
  for grantee in
    select distinct a.grantee
      from pg_default_acl d
     cross join aclexplode(d.defaclacl) a
     where d.defaclnamespace = 0
       and a.grantee not in (0, d.defaclrole)
  loop
    execute format('revoke all on schema prewarm from %s', grantee);
    execute format('revoke all on all tables in schema prewarm from %s', grantee);
    execute format('revoke all on all sequences in schema prewarm from %s', grantee);
    execute format('revoke all on all routines in schema prewarm from %s', grantee);
  end loop;
end $$;

drop function prewarm.open_to_others();
