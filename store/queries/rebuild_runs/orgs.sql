-- store::rebuild_runs::orgs
-- The next orgs of a run, by id.
-- $1 the least id, $2 how many at most.
select id as "id!"
  from prewarm.source_organizations
 where id >= $1
 order by id
 limit $2
