-- store::queue::claims::claim_rebuild
-- $1 worker, $2 seconds of the lease, $3 the lane to begin with, $4 the org at which the round began, $5 and the one after
-- which to look, $6 the newest format for what is not urgent, or null. One row.
select id, org_id, starts, urgent, more as "more!",
       after as "after!",
       prewarm.quarantine_starts() as "max_attempts!"
  from prewarm.claim_rebuild($1, make_interval(secs => $2), $3, $4, $5, $6)
