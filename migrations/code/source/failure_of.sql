-- The error of a query that reads nothing; null without one. Errors that pass by themselves, such as a lock that is not free, are
-- raised.
create or replace function prewarm.failure_of(query text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute query;
  return null;
exception when others then
  if sqlstate ~ '^(40|53|55P03|57)' then
    raise;
  end if;
  return sqlerrm;
end $$;
