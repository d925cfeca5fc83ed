-- store::queue::upkeep::prune
-- Jobs that were done a day ago.
-- $1 how many at most.
delete from prewarm.jobs
 where id = any (array(
         select id
           from prewarm.jobs
          where state = 'done'
            and ended_at < now() - interval '1 day'
          order by ended_at
          limit $1
       ))
