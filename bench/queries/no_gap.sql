-- bench::rows::maintenance
-- Removes the gap between two rebuilds of an org.
update prewarm.settings set rebuild_gap = '0'
