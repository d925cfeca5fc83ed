-- store::queue::claim
-- $1 worker, $2 how many at most, $3 seconds of the reservation of an agent.
select id as "id!", kind as "kind!", subject as "subject!", attempts as "attempts!", max_attempts as "max_attempts!"
  from prewarm.claim_prewarms($1, $2, make_interval(secs => $3))
