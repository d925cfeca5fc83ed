-- store::queue::upkeep::prune
-- Starts the backfill again, to find orgs that no trigger has seen.
update prewarm.backfill
   set next_org = '00000000-0000-0000-0000-000000000000'
 where next_org is null
