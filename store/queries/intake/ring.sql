-- store::intake::ring
-- Tells the workers that something is owed. After the commit and on its own: a NOTIFY inside a transaction serialises
-- the commits of all.
select pg_notify('prewarm_hint', '') is null as "rung!"
