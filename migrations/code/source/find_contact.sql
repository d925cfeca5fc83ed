-- Finds a caller's contact: the oldest of the org with the caller's number. Spellings are tried in order, and the first that
-- a contact has decides. Without `digits` the number has one spelling.
create or replace function prewarm.find_contact(org uuid, phone text, digits text) returns uuid
language plpgsql stable as $$
begin
  return (
    select k.id
      from unnest(array[phone, '+' || digits, digits, '00' || digits]) with ordinality as spelled (phone, place)
     cross join lateral (
       select c.id
         from public.contacts c
        where c.org_id = org
          and c.phone = spelled.phone
        order by c.created_at, c.id
        limit 1
     ) k
     order by spelled.place
     limit 1
  );
end $$;
