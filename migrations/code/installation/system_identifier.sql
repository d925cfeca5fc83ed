-- The cluster's identifier; null where a host does not tell it.
create or replace function prewarm.system_identifier() returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select c.system_identifier from pg_control_system() c);
exception when others then
  return null;
end $$;
