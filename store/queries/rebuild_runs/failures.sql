-- store::rebuild_runs::failures
-- The orgs whose rebuild failed in a run, in the order of their ids.
-- $1 run.
select org_id, reason
  from prewarm.rebuild_failures
 where run = $1
 order by org_id
