-- The database's oid.
create or replace function prewarm.database_oid() returns oid
language sql stable
return (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database());
