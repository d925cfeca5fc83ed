-- Ends a start of a test call. After a bad end another follows after a pause; after the last one a dead letter says why, and
-- the call fails when its time is over. Does nothing if the claim was lost.
create or replace function prewarm.end_test_call(start bigint, me text, error text, pause interval, is_dead boolean)
returns void
language plpgsql as $$
declare
  ended prewarm.test_calls;
begin
  update prewarm.test_calls t
     set claim = null,
         error = left(end_test_call.error, 1000),
         until = case when is_dead then 'infinity' else now() + pause end
   where t.claim = start and t.worker = me
  returning * into ended;
  if not found then
    return;
  end if;
  if error is null then
    delete from prewarm.dead_letters d where d.kind = 'test_call' and d.subject = ended.id;
  elsif is_dead then
    call prewarm.bury_work(start, 'prewarm', 'test_call', ended.id, ended.attempts, prewarm.quarantine_starts(), ended.error);
  end if;
end $$;
