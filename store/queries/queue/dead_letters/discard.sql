-- store::queue::dead_letters::discard
-- $1 id.
delete from prewarm.dead_letters
 where id = $1
