-- store::queue::life::show_life
-- $1 worker, $2 its process' key.
update prewarm.workers
   set life = $2
 where name = $1
