-- The error of a query that reads nothing, if it is about names, types or privileges; null without one. Other errors, such
-- as a lock that is not free, are raised.
create or replace function prewarm.failure_of(query text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute query;
  return null;
exception when others then
  if sqlstate !~ '^(42|22)' then
    raise;
  end if;
  return sqlerrm;
end $$;
