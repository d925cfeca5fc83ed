-- store::queue::release
-- $1 worker, $2 ids of jobs, rebuilds and test calls, which have their numbers from one sequence.
select prewarm.release(id, $1), prewarm.release_rebuild(id, $1), prewarm.release_test_call(id, $1)
  from unnest($2::bigint[]) as id
