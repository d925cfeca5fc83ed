-- Gives back a test call that was not begun, or that a shutdown cut short: neither a start nor a failure.
create or replace function prewarm.release_test_call(start bigint, me text) returns void
language plpgsql as $$
begin
  update prewarm.test_calls t
     set claim = null, attempts = greatest(t.attempts - 1, 0), until = now()
   where t.claim = start and t.worker = me;
end $$;
