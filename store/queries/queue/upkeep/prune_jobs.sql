-- store::queue::upkeep::prune
-- $1 how many at most.
delete from apalis.jobs
 where id = any (array(
         select id
           from apalis.jobs
          where status in ('Done', 'Failed')
            and done_at < now() - interval '1 day'
            and (status = 'Done' or attempts >= max_attempts)
          order by done_at
          limit $1
       ))
