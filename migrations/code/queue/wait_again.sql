-- Makes a claimed job wait. If another of its kind waits already, that one takes over its starts and its error, so that a job
-- which is pushed while it fails becomes a dead letter too.
create or replace function prewarm.wait_again(job_id bigint, starts int, at timestamptz) returns void
language plpgsql as $$
begin
  update prewarm.jobs j
     set state = 'waiting', attempts = starts, run_at = at, worker = null, claimed_at = null, ended_at = null
   where j.id = job_id;
exception when unique_violation then
  with gone as (
    delete from prewarm.jobs j where j.id = job_id returning j.kind, j.error
  )
  update prewarm.jobs j
     set attempts = greatest(j.attempts, starts), error = coalesce(gone.error, j.error)
    from gone
   where j.kind = gone.kind and j.state = 'waiting';
end $$;
