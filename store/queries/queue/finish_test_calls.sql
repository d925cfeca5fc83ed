-- store::queue::ends::test_calls
-- $1 ids, $2 errors (null: ended well), $3 seconds of pause, $4 whether no attempt is left.
select prewarm.end_test_call(ended.id, ended.error, make_interval(secs => ended.pause), ended.is_dead)
  from unnest($1::bigint[], $2::text[], $3::float8[], $4::boolean[]) as ended (id, error, pause, is_dead)
