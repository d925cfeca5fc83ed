-- Removes what was made for an org that is gone, but its marks, with which its rebuild removes the rest.
create or replace function prewarm.erase_org(e prewarm.erasures) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  delete from prewarm.actionable_leads l where l.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'actionable_leads', gone);
  delete from prewarm.maintained m where m.org_id = e.org_id;
  delete from prewarm.blobs b where b.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'blobs', gone);
  delete from prewarm.test_calls t where t.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'test_calls', gone);
  delete from prewarm.dead_letters d
   where d.subject = e.org_id
      or d.subject in (select a.agent_id from prewarm.assistants a where a.org_id = e.org_id);
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'dead_letters', gone);
  -- An org that was made again meanwhile has lost what its rebuild had made.
  insert into prewarm.marks (org_id, what, wide)
  select o.id, 'organizations', true from prewarm.source_organizations o where o.id = e.org_id;
end $$;
