-- Deletes the states of calls that no event has changed for a while. Their rows in the source stay.
-- $1 the age in seconds, $2 limit.
delete from prewarm.call_states
 where vapi_call_id = any (array(
         select vapi_call_id
           from prewarm.call_states
          where updated_at < statement_timestamp() - $1 * interval '1 second'
          order by updated_at
          limit $2
       ))
