-- store::queue::upkeep::prune
-- The newest slot of a cron stays, however old: it says that it was fired.
delete from prewarm.cron_slots old
 where old.slot < now() - interval '1 hour'
   and exists (select from prewarm.cron_slots newer where newer.name = old.name and newer.slot > old.slot)
