-- store::queue::claim
-- $1 worker, $2 queue, $3 how many at most, $4 seconds of the lease.
select (c.job).id as "id!", (c.job).kind as "kind!", (c.job).subject as "subject!", (c.job).attempts as "attempts!",
       c.more as "more!"
  from prewarm.claim($1, $2, $3, make_interval(secs => $4)) c
