-- store::rebuild_runs::record
-- Records how far a run has come.
-- $1 run, $2 the first org that may not be done.
update prewarm.rebuild_runs
   set next_org = $2
 where run = $1
   and next_org < $2
