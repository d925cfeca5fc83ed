-- store::leases::renew
-- Renews an org's lease, if the holder has it.
-- $1 org, $2 holder, $3 seconds.
update prewarm.leases
   set until = statement_timestamp() + make_interval(secs => $3)
 where org_id = $1
   and holder = $2
