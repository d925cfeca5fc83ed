-- Gives back a job that was not begun, or that a shutdown cut short. It counts neither as a start nor as a failure.
create or replace function prewarm.release(job_id bigint, worker text) returns void
language plpgsql as $$
declare
  held prewarm.jobs;
begin
  select * into held
    from prewarm.jobs j
   where j.id = job_id and j.worker = release.worker and j.state = 'running'
     for update;
  if not found then
    return;
  end if;
  perform prewarm.wait_again(job_id, greatest(held.attempts - 1, 0), held.run_at);
end $$;
