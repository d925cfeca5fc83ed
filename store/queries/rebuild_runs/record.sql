-- store::rebuild_runs::record
-- Records the progress of a run.
-- $1 run, $2 the first org that may not be done.
update prewarm.rebuild_runs
   set next_org = $2
 where run = $1
   and next_org < $2
