-- store::queue::upkeep::prune
-- A day after its end nobody asks for a test call.
delete from prewarm.test_calls
 where stage in ('failed', 'ended')
   and changed_at < now() - interval '1 day'
