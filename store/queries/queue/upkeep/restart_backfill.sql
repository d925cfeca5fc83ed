-- store::queue::upkeep::prune
-- Has the walk over all orgs begin again: one that no trigger has seen is found too.
update prewarm.backfill
   set next_org = '00000000-0000-0000-0000-000000000000'
 where next_org is null
