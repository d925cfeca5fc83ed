-- store::rebuild_runs::abandon
-- Forgets the run that has not ended.
delete from prewarm.rebuild_runs
 where finished_at is null
