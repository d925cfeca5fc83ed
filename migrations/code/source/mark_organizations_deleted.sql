-- Marks deleted organizations, so that their rebuild removes what was made for them.
create or replace function prewarm.mark_organizations_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from old_rows;
  return null;
end $$;
