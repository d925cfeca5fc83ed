-- Marks every org: TRUNCATE names no rows. An org that has a version counts even when its row is gone.
create or replace function prewarm.mark_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what, wide)
  select id, tg_table_name, true from prewarm.source_organizations
  union
  select org_id, tg_table_name, true from prewarm.versions;
  return null;
end $$;
