-- Makes prewarm.erase_calls(), a trigger function that owes the erasure of deleted calls; a deleted org erases its own. If the
-- rows cannot be read, known calls without a row are searched instead.
create or replace procedure prewarm.put_call_eraser(org text, vapi_id text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format($make$
    create or replace function prewarm.erase_calls() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set row_security = off as $eraser$
    begin
      insert into prewarm.erasures (what, org_id, calls)
      select 'calls', gone.%1$s, array_agg(gone.%2$s)
        from old_rows gone
       where gone.%2$s is not null
         and exists (select from prewarm.source_organizations o where o.id = gone.%1$s)
       group by gone.%1$s;
      if found then
        perform prewarm.bury(array(select 'call ' || gone.%2$s from old_rows gone), 'call');
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
    end $eraser$
  $make$, org, vapi_id);
end $$;
