-- store::queue::heartbeat
-- $1 worker, $2 queue, $3 seconds of a lease, $4 seconds of the longest job.
select prewarm.heartbeat($1, $2, make_interval(secs => $3), make_interval(secs => $4)) as "lost!"
