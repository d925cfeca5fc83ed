-- store::queue::rebuilds::finish
-- $1 ids, $2 errors (null: ended well), $3 seconds of pause, $4 whether no attempt is left.
select case
         when ended.error is null then prewarm.end_rebuild(ended.id)
         else prewarm.fail_rebuild(ended.id, ended.error, make_interval(secs => ended.pause), ended.is_dead)
       end
  from unnest($1::bigint[], $2::text[], $3::float8[], $4::boolean[]) as ended (id, error, pause, is_dead)
