-- store::test_calls::close
-- Ends test calls that nobody will make or join any more, and notifies the console.
select count(pg_notify('prewarm_console', 'test_call ' || id)) as "closed!"
  from prewarm.close_test_calls() as id
