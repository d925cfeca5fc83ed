-- store::events::prune
-- Deletes events too old to be sent again. Reads the lowest ids, which are the oldest events, or nearly.
-- $1 the age in seconds, $2 limit.
delete from prewarm.events
 where id = any (array(
         select id
           from (select id, received_at from prewarm.events order by id limit $2) oldest
          where received_at < statement_timestamp() - $1 * interval '1 second'
       ))
