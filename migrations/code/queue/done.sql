-- Ends a job well, and removes the dead letter of its kind. Does nothing if the worker has lost the job.
create or replace function prewarm.done(job_id bigint, worker text) returns void
language plpgsql as $$
declare
  ended prewarm.jobs;
begin
  update prewarm.jobs j
     set state = 'done', ended_at = now(), error = null
   where j.id = job_id and j.worker = done.worker and j.state = 'running'
  returning * into ended;
  if found then
    delete from prewarm.dead_letters d where d.kind = ended.kind;
  end if;
end $$;
