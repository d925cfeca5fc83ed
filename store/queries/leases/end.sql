-- store::leases::end
-- Ends the lease of an org whose rebuild has come to its end.
-- $1 org.
delete from prewarm.leases
 where org_id = $1
