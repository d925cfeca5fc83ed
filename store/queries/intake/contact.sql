-- store::intake::contact
-- The contact of an org with a phone number: the oldest of those that share it.
-- $1 org, $2 phone.
select id
  from public.contacts
 where org_id = $1
   and phone = $2
 order by created_at, id
 limit 1
