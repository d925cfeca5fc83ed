-- Makes tombstones of a deleted org's phone numbers, as prewarm.erase_agents does of its assistants.
create or replace function prewarm.erase_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.bury(
    array(
      select 'number ' || gone.vapi_phone_number_id
        from old_rows gone
       where gone.org_id is not null
         and not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  return null;
end $$;
