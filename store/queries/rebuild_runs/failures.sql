-- store::rebuild_runs::failures
-- Orgs that a run could not rebuild, by id.
-- $1 run.
select org_id, reason
  from prewarm.rebuild_failures
 where run = $1
 order by org_id
