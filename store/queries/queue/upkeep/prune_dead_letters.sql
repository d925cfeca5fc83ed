-- store::queue::upkeep::prune
-- Dead letters of test calls: no later job of the same call can succeed.
delete from prewarm.dead_letters
 where kind = 'test_call'
   and died_at < now() - interval '1 day'
