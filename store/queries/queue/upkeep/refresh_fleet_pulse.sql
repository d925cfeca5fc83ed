-- store::queue::upkeep::refresh_fleet_pulse
call prewarm.refresh_fleet_pulse()
