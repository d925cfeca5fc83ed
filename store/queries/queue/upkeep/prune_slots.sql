-- store::queue::upkeep::prune
-- The newest slot of each cron stays, however old, because its row means that it was fired.
delete from prewarm.cron_slots old
 where old.slot < now() - interval '1 hour'
   and exists (select from prewarm.cron_slots newer where newer.name = old.name and newer.slot > old.slot)
