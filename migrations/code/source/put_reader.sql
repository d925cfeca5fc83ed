-- Creates prewarm.read_<source>(), which returns the rows of a source. Postgres inlines it, so that plans are those of the
-- table. A string body records no dependency: the application may change its table. The view names the columns: a function
-- that named them could not be replaced by one with another column.
create or replace procedure prewarm.put_reader(source text, body text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('create or replace function prewarm.read_%s() returns setof record language sql stable as %L', source, body);
end $$;
