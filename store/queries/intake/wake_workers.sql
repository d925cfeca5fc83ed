-- store::intake::wake_workers
-- Wakes the workers. Sent after the commit and on its own: a NOTIFY inside a transaction serialises everybody's
-- commits.
select pg_notify('prewarm_hint', '') is null as "rung!"
