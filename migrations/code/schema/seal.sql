-- Makes our functions safe to call in any session, and revokes them from other roles. The functions of prewarm.put_marker
-- and prewarm.refuse_erased have no search path, and resolve no names. Writes nothing if there is nothing to change: a
-- needless `revoke` still writes its object's row in the catalog, so a session that changes the same row meanwhile fails
-- (XX000, tuple concurrently updated), and every session plans its statements again.
create or replace procedure prewarm.seal()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  routine regprocedure;
  open record;
begin
  for routine in
    select p.oid
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'prewarm'::regnamespace
       and (l.lanname = 'plpgsql' or l.lanname = 'sql' and p.provolatile = 'v' and p.prosqlbody is null)
       and not (p.prorettype = 'trigger'::regtype and (p.proname like 'mark\_%' or p.proname = 'refuse_erased'))
       and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%')
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
  for open in select * from prewarm.open_to_others() loop
    execute format('revoke all on %s from %s', open.object, open.grantee);
  end loop;
end $$;
