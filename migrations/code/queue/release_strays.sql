-- Gives back the jobs that a worker was handed and does not know of: the answer to its claim was lost. `since` is the
-- instant of the heartbeat before, so that no job counts which was claimed after `held` was written down: a heartbeat,
-- too, may arrive late.
create or replace function prewarm.release_strays(worker text, held text[], since timestamptz) returns int
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
  strays int;
begin
  perform prewarm.release(j.id, worker)
     from apalis.jobs j
    where j.lock_by = worker
      and j.status = 'Running'
      and j.lock_at <= since
      and j.id <> all (held);
  get diagnostics strays = row_count;
  return strays;
end $$;
