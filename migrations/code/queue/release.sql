-- Gives back work that was not begun, or that a shutdown cut short: neither a start nor a failure. Jobs and the starts of
-- rebuilds and test calls are numbered by one sequence. An org stays owed, since its version may not have been published.
create or replace function prewarm.release(start bigint, me text) returns void
language plpgsql as $$
declare
  held prewarm.jobs;
begin
  if prewarm.release_lease(start, me) then
    return;
  end if;
  update prewarm.test_calls t
     set claim = null, attempts = greatest(t.attempts - 1, 0), until = now()
   where t.claim = start and t.worker = me;
  select * into held from prewarm.jobs j where j.id = start and j.worker = me and j.state = 'running' for update;
  if found then
    perform prewarm.wait_again(start, greatest(held.attempts - 1, 0), held.run_at);
  end if;
end $$;
