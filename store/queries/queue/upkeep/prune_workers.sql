-- store::queue::upkeep::prune
delete from prewarm.workers
 where seen_at < now() - interval '1 day'
