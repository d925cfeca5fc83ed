-- Gives the roles prewarm_api and prewarm_worker, where they are, what their duties need of ours, and takes from them what they
-- need no more. Writes nothing if there is nothing to change, as prewarm.seal does.
create or replace procedure prewarm.grant_to_roles()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  for one in
    select r.rolname as role, g.object, string_agg(g.privilege, ', ') as privileges
      from pg_roles r
     cross join prewarm.required_grants(substr(r.rolname, 9)) g
     where r.rolname in ('prewarm_api', 'prewarm_worker')
       and g.is_ours
       and not prewarm.may(r.rolname, g.kind, g.id, g.privilege)
     group by r.rolname, g.object
  loop
    execute format('grant %s on %s to %I', one.privileges, one.object, one.role);
  end loop;
  for one in
    select h.role, h.object, string_agg(h.privilege, ', ') as privileges
      from prewarm.held_grants() h
     where not exists (
             select
               from prewarm.required_grants(substr(h.role, 9)) g
              where g.id = h.id and g.privilege = h.privilege
           )
     group by h.role, h.object
  loop
    execute format('revoke %s on %s from %I', one.privileges, one.object, one.role);
  end loop;
end $$;
