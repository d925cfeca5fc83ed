-- store::parked::defer
-- Leaves parked events alone for a while.
-- $1 events, $2 seconds.
update prewarm.events
   set replay_after = statement_timestamp() + $2 * interval '1 second'
 where id = any ($1)
   and org_id is null
