-- store::queue::wake_workers
-- Wakes the workers. Sent after the commit and on its own: a NOTIFY inside a transaction serialises everybody's
-- commits.
-- $1 queue.
select pg_notify('prewarm_hint', $1) is null as "rung!"
