-- Deletes an org, and with it all that it has.
create or replace procedure prewarm.delete_org(org uuid)
language plpgsql as $$
begin
  delete from public.organizations o where o.id = org;
end $$;
