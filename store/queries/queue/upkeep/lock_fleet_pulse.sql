-- store::queue::upkeep::refresh_fleet_pulse
-- For this transaction: one that waits for another would refresh what was refreshed just now.
select pg_try_advisory_xact_lock(hashtext('prewarm.fleet_pulse')) as "ours!"
