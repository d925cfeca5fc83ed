-- store::intake::contacts
-- The contacts of callers, found by org and phone, or created. Side by side: $1 orgs, $2 phones, each pair once, $3 the
-- digits that all spellings of a phone share (null if it has one spelling), $4 names, $5 instants of the contact (null:
-- now).
select org_id as "org_id!", phone as "phone!", id as "id!"
  from prewarm.write_contacts($1, $2, $3, $4, $5)
