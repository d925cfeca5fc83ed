-- Owes the erasure of deleted calls; a deleted org erases its own. If the rows cannot be read, known calls
-- without a row are searched instead.
create or replace function prewarm.erase_calls() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id, calls)
  select 'calls', gone.org_id, array_agg(gone.vapi_call_id)
    from old_rows gone
   where gone.vapi_call_id is not null
     and exists (select from prewarm.source_organizations o where o.id = gone.org_id)
   group by gone.org_id;
  if found then
    perform prewarm.bury(array(select 'call ' || gone.vapi_call_id from old_rows gone), 'call');
  end if;
  return null;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  begin
    perform prewarm.owe_lost_calls();
  exception when others then
    perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  end;
  return null;
end $$;
