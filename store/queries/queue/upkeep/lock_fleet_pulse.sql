-- store::queue::upkeep::refresh_fleet_pulse
-- Held until the transaction ends. It does not wait, because a refresh that waits for another repeats it.
select pg_try_advisory_xact_lock(hashtext('prewarm.fleet_pulse')) as "ours!"
