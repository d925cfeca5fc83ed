-- store::queue::ends::finish_test_calls
-- $1 ids, $2 their workers, $3 errors (null: ended well), $4 seconds of pause, $5 whether no attempt is left.
select prewarm.end_test_call(ended.id, ended.worker, ended.error, make_interval(secs => ended.pause), ended.is_dead)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::boolean[]) as ended (id, worker, error, pause, is_dead)
