-- store::rebuild_runs::orgs
-- Orgs in the order of their ids, starting at one.
-- $1 the first id, $2 limit.
select id as "id!"
  from prewarm.source_organizations
 where id >= $1
 order by id
 limit $2
