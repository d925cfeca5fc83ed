-- Owes the erasure of deleted orgs.
create or replace function prewarm.erase_orgs() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id) select 'org', gone.id from old_rows gone;
  return null;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  return null;
end $$;
