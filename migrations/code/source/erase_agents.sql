-- Makes tombstones of a deleted org's assistants, because messages that name them still come. An agent that is deleted alone
-- leaves none: another row may take over its assistant, and messages are parked until then.
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
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  return null;
end $$;
