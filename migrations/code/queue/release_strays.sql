-- Gives back the jobs of a worker that it does not hold, because the answer to its claim was lost; returns how many.
-- `since` is the time of the heartbeat before. It leaves out jobs that were claimed after `held` was written down, since a
-- heartbeat may arrive late too.
create or replace function prewarm.release_strays(worker text, held bigint[], since timestamptz) returns int
language plpgsql as $$
declare
  strays int;
begin
  perform prewarm.release(j.id, j.worker)
     from prewarm.jobs j
    where j.worker = release_strays.worker
      and j.state = 'running'
      and j.claimed_at <= since
      and j.id <> all (held);
  get diagnostics strays = row_count;
  return strays;
end $$;
