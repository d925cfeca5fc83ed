-- Deletes an org, and with it all that it has.
create or replace procedure prewarm.delete_org(org uuid)
language plpgsql as $$
begin
  call prewarm.require_standalone();
  delete from public.organizations o where o.id = org;
end $$;
