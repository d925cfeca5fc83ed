-- store::attach::survey
-- The first orgs by name, with their contacts and leads as the map has them.
-- $1 how many.
select o.id as "id!", o.name,
       (select count(*) from prewarm.source_contacts c where c.org_id = o.id) as "contacts!",
       (select count(*) from prewarm.source_contacts c where c.org_id = o.id and c.is_actionable) as "leads!",
       (select count(*) from prewarm.source_calls c where c.org_id = o.id) as "calls!"
  from prewarm.source_organizations o
 order by o.name, o.id
 limit $1
