-- store::leases::renew
-- Renews a lease that is still held.
-- $1 the start, $2 who holds it, $3 seconds.
update prewarm.leases
   set until = statement_timestamp() + make_interval(secs => $3)
 where holder = $1
   and worker = $2
