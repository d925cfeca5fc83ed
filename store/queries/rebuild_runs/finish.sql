-- store::rebuild_runs::finish
-- Records the end of a run.
-- $1 run.
update prewarm.rebuild_runs
   set finished_at = statement_timestamp()
 where run = $1
