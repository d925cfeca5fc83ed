-- Marks inserted organizations.
create or replace function prewarm.mark_organizations_inserted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from new_rows;
  return null;
end $$;
