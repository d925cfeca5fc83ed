-- store::erasures::delete_org
-- Deletes an org from the source.
-- $1 org.
call prewarm.delete_org($1)
