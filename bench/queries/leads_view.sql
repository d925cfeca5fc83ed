-- bench::rows::rebuilds
-- The leads of all orgs as one materialized view, as an application without Prewarm would have it.
create materialized view if not exists public.bench_leads as select * from public.view_actionable_leads with no data
