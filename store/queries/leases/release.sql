-- store::leases::release
-- Gives back the lease of an org, if the holder still has it.
-- $1 org, $2 holder.
delete from prewarm.leases
 where org_id = $1
   and holder = $2
