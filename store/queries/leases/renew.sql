-- store::leases::renew
-- Renews a lease that is still held.
-- $1 the hold, $2 seconds.
update prewarm.leases
   set until = statement_timestamp() + make_interval(secs => $2)
 where holder = $1
