-- Makes prewarm.erase_contact(), a trigger function that owes the erasure of a deleted contact. It runs before the row goes,
-- because its calls forget the contact with it. An org that is deleted goes with all it has. Orgs that row
-- level security hides from the function's owner are a fault, and not no orgs.
create or replace procedure prewarm.put_contact_eraser(id text, org text, phone text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format($make$
    create or replace function prewarm.erase_contact() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set row_security = off as $eraser$
    begin
      if exists (select from prewarm.source_organizations o where o.id = old.%2$s) then
        call prewarm.owe_contact(old.%2$s, old.%1$s, old.%3$s);
      end if;
      return old;
    exception when others then
      perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
      return old;
    end $eraser$
  $make$, id, org, phone);
end $$;
