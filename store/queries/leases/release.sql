-- store::leases::release
-- Releases an org's lease, if the holder has it.
-- $1 org, $2 holder.
delete from prewarm.leases
 where org_id = $1
   and holder = $2
