-- store::rebuild_runs::finish
-- $1 run.
update prewarm.rebuild_runs
   set finished_at = statement_timestamp()
 where run = $1
