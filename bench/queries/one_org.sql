-- bench::rows::shapes
-- Leaves the first of all orgs, and its rows.
delete from public.organizations where id <> (select id from public.organizations order by created_at limit 1)
