drop function prewarm.open_test_call(uuid, uuid, text);
drop function prewarm.close_test_calls(uuid);
drop function prewarm.test_call_patience();
drop function prewarm.prewarms();
drop function prewarm.test_call_waits();
drop function prewarm.test_call_joins();
drop table prewarm.test_calls;
