-- store::rebuild_runs::lock
-- Takes the lock of runs. The session holds it, so a killed process leaves nothing behind.
select pg_try_advisory_lock(hashtext('prewarm.rebuild_runs')) as "ours!"
