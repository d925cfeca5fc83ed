-- Buries the assistants of a deleted org, since messages that name them still come. The assistant of an agent that is
-- deleted alone may be another row's tomorrow: what comes meanwhile is parked as ever.
create or replace function prewarm.erase_agents() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.bury(
    array(
      select 'assistant ' || gone.vapi_assistant_id
        from old_rows gone
       where gone.org_id is not null
         and not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
end $$;
