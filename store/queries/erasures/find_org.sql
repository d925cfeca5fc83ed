-- store::erasures::find_org
-- An org, and how much the source has of it. No row: there is none.
-- $1 org.
select (select count(*) from public.contacts where org_id = o.id) as "contacts!",
       (select count(*) from public.calls where org_id = o.id) as "calls!",
       (select count(*) from public.appointments where org_id = o.id) as "appointments!",
       (select count(*) from public.agents where org_id = o.id) as "agents!",
       (select count(*) from public.phone_numbers where org_id = o.id) as "phone_numbers!"
  from public.organizations o
 where o.id = $1
