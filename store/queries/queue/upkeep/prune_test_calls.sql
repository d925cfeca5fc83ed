-- store::queue::upkeep::prune
-- A test call is kept for a day after its end.
delete from prewarm.test_calls
 where stage in ('failed', 'ended')
   and changed_at < now() - interval '1 day'
