-- bench::rows::maintenance
-- Sends the hint that a writer may send after its commit.
select pg_notify('prewarm_hint', '')
