-- store::queue::claim
-- $1 worker, $2 queue, $3 how many at most, $4 seconds of the lease.
select id as "id!", job as "args!", attempts as "attempts!", more as "more!"
  from prewarm.claim($1, $2, $3, make_interval(secs => $4))
