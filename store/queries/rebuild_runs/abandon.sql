-- store::rebuild_runs::abandon
-- Deletes the unfinished run.
delete from prewarm.rebuild_runs
 where finished_at is null
