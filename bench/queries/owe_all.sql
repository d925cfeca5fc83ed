-- bench::rows::shapes
-- Marks every org for a full rebuild.
insert into prewarm.marks (org_id, what, wide) select id, 'bench', true from public.organizations
