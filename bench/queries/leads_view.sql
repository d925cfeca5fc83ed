-- bench::rows::rebuilds
-- The leads of all orgs, as the materialized view of whoever has no Prewarm.
create materialized view if not exists public.bench_leads as select * from public.view_actionable_leads with no data
