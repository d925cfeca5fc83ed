-- Creates a materialized view without data, or recreates it if its query has changed, since it cannot be replaced. Its
-- comment holds the digest of the query.
create or replace procedure prewarm.put_materialized_view(name text, query text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  made_from constant text := 'made from query ' || hashtextextended(query, 0);
begin
  if obj_description(to_regclass(name), 'pg_class') = made_from then
    return;
  end if;
  execute format('drop materialized view if exists %s', name);
  execute format('create materialized view %s as %s with no data', name, query);
  execute format('comment on materialized view %s is %L', name, made_from);
end $$;
