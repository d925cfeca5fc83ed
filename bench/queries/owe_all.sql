-- bench::rows::shapes
-- Owes each org a build of everything.
insert into prewarm.marks (org_id, what, wide) select id, 'bench', true from public.organizations
