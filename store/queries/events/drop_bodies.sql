-- Drops bodies whose retention has ended. The row stays, so that its key detects repetitions of the event.
-- $1 the retention in seconds, $2 limit.
update prewarm.events
   set body = null
 where id = any (array(
         select id
           from prewarm.events
          where body is not null
            and received_at < statement_timestamp() - $1 * interval '1 second'
          order by received_at
          limit $2
       ))
