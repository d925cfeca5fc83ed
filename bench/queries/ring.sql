-- bench::rows::maintenance
-- A writer may ring, after its commit.
select pg_notify('prewarm_hint', '')
