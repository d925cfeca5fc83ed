-- store::queue::claim
-- $1 worker, $2 how many at most, $3 seconds of the lease.
select id as "id!", job as "args!", attempts as "attempts!", true as "more!"
  from prewarm.claim_prewarms($1, $2, make_interval(secs => $3))
