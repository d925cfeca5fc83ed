-- The search path in which webhooks write: the application's own, after the catalog, since its triggers run in it too. They write
-- with their owner's rights: nothing that a session has made for itself comes before.
create or replace function prewarm.writers_path() returns text
language sql stable
return (
  select 'pg_catalog, ' || case when prewarm.is_standalone() then '' else s.reset_val || ', ' end || 'pg_temp'
    from pg_settings s
   where s.name = 'search_path'
);
