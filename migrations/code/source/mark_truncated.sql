-- Marks every org: TRUNCATE names no rows.
create or replace function prewarm.mark_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.mark_all_orgs(tg_table_name);
  return null;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, true);
  return null;
end $$;
