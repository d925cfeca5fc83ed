-- store::queue::upkeep::prune
-- Dead letters of test calls: the same call is not made later.
-- $1 how many at most.
delete from prewarm.dead_letters
 where id = any (array(
         select id
           from prewarm.dead_letters
          where kind = 'test_call'
            and died_at < now() - interval '1 day'
          limit $1
       ))
