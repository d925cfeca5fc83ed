-- bench::rows::shapes
-- Deletes all orgs but the first.
delete from public.organizations where id <> (select id from public.organizations order by created_at limit 1)
