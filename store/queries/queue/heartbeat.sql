-- store::queue::heartbeat
-- $1 worker, $2 queue, $3 seconds of a lease, $4 ids of what the worker holds.
select id as "id!", worker, kind as "kind!", subject as "subject!", attempts as "attempts!", max_attempts as "max_attempts!"
  from prewarm.heartbeat($1, $2, make_interval(secs => $3), $4)
