-- The search path in which webhooks write: the application's own, after the catalog, since its triggers run in it too.
create or replace function prewarm.writers_path() returns text
language sql stable
return (
  select 'pg_catalog' || case when prewarm.is_standalone() then ', pg_temp' else ', ' || s.reset_val end
    from pg_settings s
   where s.name = 'search_path'
);
