-- store::intake::known_contact
-- The contact of a caller, found as `contacts` does. One row, null if there is none.
-- $1 org, $2 phone, $3 digits.
select id
  from prewarm.contact_of($1, $2, $3)
