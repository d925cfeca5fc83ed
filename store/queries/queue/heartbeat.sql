-- store::queue::heartbeat
-- $1 worker, $2 queue, $3 seconds of a lease.
select prewarm.heartbeat($1, $2, make_interval(secs => $3)) as "lost!"
