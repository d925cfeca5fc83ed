-- store::queue::upkeep::prune
delete from apalis.workers w
 where w.last_seen < now() - interval '1 day'
   and not exists (select from apalis.jobs j where j.lock_by = w.id)
