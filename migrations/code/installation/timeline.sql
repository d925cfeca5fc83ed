-- The server's timeline; null where a host does not tell it.
create or replace function prewarm.timeline() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) end;
exception when others then
  return null;
end $$;
