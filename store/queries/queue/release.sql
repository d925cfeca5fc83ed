-- store::queue::release
-- $1 worker, $2 ids.
select prewarm.release(id, $1)
  from unnest($2::bigint[]) as id
