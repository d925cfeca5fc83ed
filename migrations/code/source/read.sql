-- Creates prewarm.read_<name>(), which returns the rows of a source table. Postgres inlines it, so that plans are those of the
-- table. A string body records no dependency: the application may change its table. The body has no operator and no
-- function, which the caller's search path would resolve. The view names the columns: a function that
-- named them could not be replaced by one with another column.
create or replace procedure prewarm.read(name text, source text, columns text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('create or replace function prewarm.read_%s() returns setof record language sql stable as %L',
                 name, format('select %s from %s', columns, source));
end $$;
