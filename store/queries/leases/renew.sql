-- store::leases::renew
-- Keeps a lease, if it is still the holder's.
-- $1 org, $2 holder, $3 seconds.
update prewarm.leases
   set until = statement_timestamp() + make_interval(secs => $3)
 where org_id = $1
   and holder = $2
