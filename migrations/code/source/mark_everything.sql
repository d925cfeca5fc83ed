-- Marks every org whole, and every agent. Where the orgs cannot be read, those that have a version.
create or replace procedure prewarm.mark_everything()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.mark_all_orgs('source');
  perform prewarm.mark_all_agents();
exception when others then
  insert into prewarm.marks (org_id, what, wide) select v.org_id, 'source', true from prewarm.versions v;
end $$;
