-- Owes the erasure of a deleted contact from all that was made of it. If another contact of the org has the same number, only
-- the calls that name the contact are erased.
create or replace procedure prewarm.owe_contact(org uuid, contact uuid, phone text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  spellings text[] := prewarm.phone_spellings(owe_contact.phone);
begin
  if exists (
       select from prewarm.source_contacts c where c.org_id = org and c.phone = any (spellings) and c.id <> contact
     )
  then
    spellings := '{}';
  end if;
  perform prewarm.owe_caller(
    org, contact,
    array(
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.contact_id = contact and c.org_id = org and c.vapi_call_id is not null
      union
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.org_id = org and c.phone_number = any (spellings) and c.vapi_call_id is not null
    ),
    case
      when spellings = '{}' then '{}'
      else array['phone ' || org || ' ' || owe_contact.phone,
                 'phone ' || org || ' ' || prewarm.phone_digits(owe_contact.phone)]
    end);
end $$;
