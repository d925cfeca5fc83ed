-- store::queue::heartbeat
-- $1 worker, $2 queue, $3 seconds of a lease, $4 ids of the jobs that the worker holds.
select prewarm.heartbeat($1, $2, make_interval(secs => $3), $4) as "lost!"
