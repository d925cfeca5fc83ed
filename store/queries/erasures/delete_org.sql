-- store::erasures::delete_org
-- $1 org.
delete from public.organizations where id = $1
