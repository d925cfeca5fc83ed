-- The privileges that a role lacks for a duty, an object each, and the statement that gives them. A table whose rows would be
-- filtered counts as well. With the owner's rights: a role that lacks some must be able to ask.
create or replace function prewarm.missing_grants(duty text, asks name default current_user)
returns table (lacks text, remedy text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
  with lacking as (
    select g.object, string_agg(g.privilege, ', ' order by g.privilege) as privileges
      from prewarm.required_grants(duty) g
     where not prewarm.may(asks, g.kind, g.id, g.privilege)
     group by g.object
  )
  select format('lacks %s on %s', l.privileges, l.object), format('grant %s on %s to %I', l.privileges, l.object, asks)
    from lacking l
  union all
  select format('would see a part of %s, which has row level security', s.named), format('alter role %I bypassrls', asks)
    from prewarm.sources() s
    join pg_class c on c.oid = to_regclass(s.named)
    join pg_roles r on r.rolname = asks
   where c.relrowsecurity
     and not (r.rolsuper or r.rolbypassrls)
     and (c.relforcerowsecurity or not pg_has_role(asks, c.relowner, 'usage'))
   order by 1;
end $$;
