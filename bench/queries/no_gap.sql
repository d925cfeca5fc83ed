-- bench::rows::maintenance
-- From now on an org is rebuilt as soon as it changes again.
update prewarm.settings set rebuild_gap = '0'
