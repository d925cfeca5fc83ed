-- store::intake::known_contact
-- The contact of a caller, found as `contacts` does. At most one row.
-- $1 org, $2 phone, $3 digits.
select id as "id!"
  from prewarm.contact_of($1, $2, $3)
 where id is not null
