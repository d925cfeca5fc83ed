-- store::erasures::find_org
-- The number of rows that the source has of an org. No row if it does not exist.
-- $1 org.
select (select count(*) from prewarm.source_contacts where org_id = o.id) as "contacts!",
       (select count(*) from prewarm.source_calls where org_id = o.id) as "calls!",
       (select count(*) from prewarm.source_appointments where org_id = o.id) as "appointments!",
       (select count(*) from prewarm.source_agents where org_id = o.id) as "agents!",
       (select count(*) from prewarm.source_phone_numbers where org_id = o.id) as "phone_numbers!"
  from prewarm.source_organizations o
 where o.id = $1
