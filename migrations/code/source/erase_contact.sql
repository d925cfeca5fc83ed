-- Owes the erasure of a deleted contact from all that was made of it. If another contact of the org has the same number, only
-- the calls that name the contact are erased. Runs before the row goes, because its calls forget the contact with it.
create or replace function prewarm.erase_contact() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  spellings text[];
  names     text[];
begin
  -- The org goes with all it has.
  if not exists (select from prewarm.source_organizations o where o.id = old.org_id) then
    return old;
  end if;
  spellings := prewarm.phone_spellings(old.phone);
  names := array['phone ' || old.org_id || ' ' || old.phone,
                 'phone ' || old.org_id || ' ' || prewarm.phone_digits(old.phone)];
  if exists (
       select
         from prewarm.source_contacts c
        where c.org_id = old.org_id and c.phone = any (spellings) and c.id <> old.id
     )
  then
    spellings := '{}';
    names := '{}';
  end if;
  perform prewarm.owe_caller(
    old.org_id, old.id,
    array(
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.contact_id = old.id and c.org_id = old.org_id and c.vapi_call_id is not null
      union
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.org_id = old.org_id and c.phone_number = any (spellings) and c.vapi_call_id is not null
    ),
    case when spellings = '{}' then '{}' else names end);
  return old;
exception when others then
  perform prewarm.note_fault(tg_table_name, sqlstate, sqlerrm, erasure => true);
  return old;
end $$;
