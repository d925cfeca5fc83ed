-- store::queue::claims::claim_prewarm
-- $1 worker, $2 seconds of the lease, $3 the agent after which to look, $4 whether there is room for a test call, $5 and for
-- anything else. One row.
select id, kind, subject, attempts, max_attempts,
       after as "after!"
  from prewarm.claim_prewarm($1, make_interval(secs => $2), $3, $4, $5)
