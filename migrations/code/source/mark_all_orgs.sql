-- Marks every org whole. An org that has a version counts even when its row is gone.
create or replace function prewarm.mark_all_orgs(what text) returns void
language sql set search_path = pg_catalog, pg_temp set row_security = off as $$
  insert into prewarm.marks (org_id, what, wide)
  select id, mark_all_orgs.what, true from prewarm.source_organizations
  union
  select org_id, mark_all_orgs.what, true from prewarm.versions
$$;
