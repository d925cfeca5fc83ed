-- Makes our functions safe to call in any session, and closes them to others. The functions that prewarm.put_marker makes
-- have no search path, and look nothing up. Writes nothing where all is in order: each `revoke` writes its object's row
-- in the catalog even when there is nothing to take away, a session that changed the same row meanwhile would fail
-- (XX000, tuple concurrently updated), and every session would plan its statements anew.
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
       and not (p.prorettype = 'trigger'::regtype and p.proname like 'mark\_%')
       and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%')
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
  for open in select * from prewarm.open_to_others() loop
    execute format('revoke all on %s from %s', open.object, open.grantee);
  end loop;
end $$;
