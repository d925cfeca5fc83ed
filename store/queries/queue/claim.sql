-- store::queue::claim
-- $1 worker, $2 queue, $3 how many at most.
select id as "id!", kind as "kind!", subject as "subject!", attempts as "attempts!", max_attempts as "max_attempts!"
  from prewarm.claim($1, $2, $3)
