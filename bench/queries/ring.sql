-- bench::rows::maintenance
-- Whoever writes may ring, after the commit.
select pg_notify('prewarm_hint', '')
