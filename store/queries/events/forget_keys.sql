-- store::events::prune
-- Events that nobody sends again. The first by number are the first by time, or nearly.
-- $1 their age in seconds, $2 how many at most.
delete from prewarm.events
 where id = any (array(
         select id
           from (select id, received_at from prewarm.events order by id limit $2) oldest
          where received_at < statement_timestamp() - $1 * interval '1 second'
       ))
