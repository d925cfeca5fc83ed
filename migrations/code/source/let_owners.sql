-- Lets the owners of attached tables put on our triggers, where they are not we: they have to name the functions.
create or replace procedure prewarm.let_owners()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  for one in
    select distinct c.relowner::regrole as owner, t.calls
      from prewarm.source_triggers() t
      join pg_class c on c.oid = t.relation
     where not pg_has_role(c.relowner, 'usage')
  loop
    execute format('grant usage on schema prewarm to %s', one.owner);
    execute format('grant execute on function %s() to %s', one.calls, one.owner);
  end loop;
end $$;
