-- store::queue::ends::finish_jobs
-- $1 ids, $2 their workers, $3 errors (null: done), $4 seconds of pause, $5 whether no attempt is left.
select case
         when ended.error is null then prewarm.done(ended.id, ended.worker)
         else prewarm.fail(ended.id, ended.worker, ended.error, make_interval(secs => ended.pause), ended.is_dead)
       end
  from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::boolean[]) as ended (id, worker, error, pause, is_dead)
