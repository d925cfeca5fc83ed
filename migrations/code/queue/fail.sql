-- Ends a job badly: it waits for its next attempt, or is dead. Does nothing if the worker has lost the job.
create or replace function prewarm.fail(job_id bigint, worker text, error text, pause interval, is_dead boolean) returns void
language plpgsql as $$
declare
  ended prewarm.jobs;
begin
  update prewarm.jobs j
     set error = left(fail.error, 1000)
   where j.id = job_id and j.worker = fail.worker and j.state = 'running'
  returning * into ended;
  if not found then
    return;
  end if;
  if is_dead then
    delete from prewarm.jobs j where j.id = job_id;
    call prewarm.bury_work(job_id, ended.queue, ended.kind, '00000000-0000-0000-0000-000000000000', ended.attempts, ended.max_attempts, ended.error);
  else
    perform prewarm.wait_again(job_id, ended.attempts, now() + pause);
  end if;
end $$;
