-- store::test_calls::close
-- Ends what nobody will join or make any more, and tells whoever watches it.
select count(pg_notify('prewarm_console', 'test_call ' || id)) as "closed!"
  from prewarm.close_test_calls() as id
