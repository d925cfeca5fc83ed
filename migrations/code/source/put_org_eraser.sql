-- Makes prewarm.erase_orgs(), a trigger function that owes the erasure of deleted orgs.
create or replace procedure prewarm.put_org_eraser(id text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format($make$
    create or replace function prewarm.erase_orgs() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $eraser$
    begin
      insert into prewarm.erasures (what, org_id) select 'org', gone.%1$s from old_rows gone;
      return null;
    exception when others then
      perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
      return null;
    end $eraser$
  $make$, id);
end $$;
