-- store::intake::known_contact
-- The contact of a caller, found as `contacts` does. At most one row.
-- $1 org, $2 phone, $3 digits.
select found as "id!"
  from prewarm.find_contact($1, $2, $3) as found
 where found is not null
