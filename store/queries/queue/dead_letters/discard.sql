-- store::queue::dead_letters::discard
-- $1 id.
delete from apalis.jobs
 where id = $1
   and status = 'Killed'
