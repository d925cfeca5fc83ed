-- store::queue::dead_letters::discard
-- $1 id.
delete from prewarm.jobs
 where id = $1
   and state = 'dead'
