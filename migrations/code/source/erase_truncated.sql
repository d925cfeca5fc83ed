-- Owes the erasure of truncated calls: TRUNCATE names no rows.
create or replace function prewarm.erase_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.owe_lost_calls();
  return null;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  return null;
end $$;
