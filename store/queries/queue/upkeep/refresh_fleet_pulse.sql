-- store::queue::upkeep::refresh_fleet_pulse
refresh materialized view concurrently prewarm.fleet_pulse
