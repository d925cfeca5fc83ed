-- The contact of a caller: the oldest of the org with the caller's number. Spellings are tried in order, and the first that
-- a contact has decides. Without `digits` the number has one spelling. One row, inlined where it is used: a call of a
-- function for each caller of a batch would cost more than the look-up.
create or replace function prewarm.contact_of(org uuid, phone text, digits text) returns table (id uuid)
language sql stable
begin atomic
  select coalesce(
           (select o.id from prewarm.oldest_contact(org, contact_of.phone) o),
           (select o.id from prewarm.oldest_contact(org, '+' || digits) o),
           (select o.id from prewarm.oldest_contact(org, digits) o),
           (select o.id from prewarm.oldest_contact(org, '00' || digits) o)
         );
end;
