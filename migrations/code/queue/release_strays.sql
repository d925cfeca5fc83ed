-- Gives back the jobs that a worker was handed and does not know of: the answer to its claim was lost. `since` is the
-- instant of the heartbeat before, so that no job counts which was claimed after `held` was written down: a heartbeat,
-- too, may arrive late.
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
