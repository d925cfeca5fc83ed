-- store::intake::known_contact
-- The contact of a caller, as contacts finds it. At most one row.
-- $1 org, $2 phone, $3 digits.
select k.id
  from unnest(array[$2, '+' || $3, $3, '00' || $3]::text[]) with ordinality as spelled (phone, place)
 cross join lateral (
   select id
     from public.contacts
    where org_id = $1
      and phone = spelled.phone
    order by created_at, id
    limit 1
 ) k
 order by spelled.place
 limit 1
