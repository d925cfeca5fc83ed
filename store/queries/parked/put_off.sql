-- store::parked::put_off
-- $1 events that stay parked, $2 seconds for which they are left alone.
update prewarm.events
   set replay_after = statement_timestamp() + $2 * interval '1 second'
 where id = any ($1)
   and org_id is null
