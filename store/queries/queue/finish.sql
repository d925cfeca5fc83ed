-- store::queue::finish
-- $1 worker, $2 ids, $3 errors (null: done), $4 whether no further attempt is made.
select case
         when ended.error is null then prewarm.done(ended.id, $1)
         else prewarm.fail(ended.id, $1, ended.error, ended.last)
       end
  from unnest($2::bigint[], $3::text[], $4::boolean[]) as ended (id, error, last)
