-- The oldest contact of an org with a phone in this spelling. Inlined where it is used.
create or replace function prewarm.oldest_contact(org uuid, phone text) returns table (id uuid)
language sql stable
begin atomic
  select c.id
    from prewarm.source_contacts c
   where c.org_id = org
     and c.phone = oldest_contact.phone
   order by c.created_at, c.id
   limit 1;
end;
