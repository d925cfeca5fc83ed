-- store::queue::upkeep::prune
-- Jobs that were done a day ago. Dead letters of test calls too: no later job of the same call can succeed.
-- $1 how many of each at most.
delete from prewarm.jobs
 where id = any (
         array(
           select id
             from prewarm.jobs
            where state = 'done'
              and ended_at < now() - interval '1 day'
            order by ended_at
            limit $1
         )
         || array(
           select id
             from prewarm.jobs
            where state = 'dead'
              and kind = 'test_call'
              and ended_at < now() - interval '1 day'
            limit $1
         )
       )
