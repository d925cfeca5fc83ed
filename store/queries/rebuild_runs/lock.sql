-- store::rebuild_runs::lock
-- For as long as the connection lives: a killed process leaves nothing behind.
select pg_try_advisory_lock(hashtext('prewarm.rebuild_runs')) as "ours!"
