-- store::erasures::find_callers
-- The contacts with a number, in all orgs.
-- $1 the spellings of the number.
select c.id as "id!", c.org_id as "org_id!"
  from prewarm.source_organizations o
 cross join lateral (select id, org_id from prewarm.source_contacts where org_id = o.id and phone = any ($1)) c
 order by c.org_id, c.id
