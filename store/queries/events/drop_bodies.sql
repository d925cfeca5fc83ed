-- store::events::prune
-- Bodies whose retention has passed. The row stays: its key tells the event when it is sent again.
-- $1 the retention in seconds, $2 how many at most.
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
