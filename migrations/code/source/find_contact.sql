-- The contact of a caller: the oldest of the org that has this number, in the first spelling that somebody has. Without
-- digits it has one spelling.
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
