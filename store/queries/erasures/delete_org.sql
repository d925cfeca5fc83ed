-- store::erasures::delete_org
-- $1 org.
call prewarm.delete_org($1)
