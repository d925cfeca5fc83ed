-- store::queue::claims::claim_job
-- $1 worker, $2 queue.
select id as "id!", kind as "kind!", attempts as "attempts!", max_attempts as "max_attempts!"
  from prewarm.claim($1, $2)
