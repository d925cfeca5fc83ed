-- Ends a job badly. The job waits for its next attempt, and the org's lease lasts until then. After the last attempt, or at
-- once if final, the job becomes its subject's dead letter and the org is in quarantine. Does nothing if the worker has
-- lost the job.
create or replace function prewarm.fail(job_id bigint, worker text, error text, final boolean) returns void
language plpgsql as $$
declare
  ended    prewarm.jobs;
  retry_at timestamptz;
begin
  update prewarm.jobs j
     set error = left(fail.error, 1000)
   where j.id = job_id and j.worker = fail.worker and j.state = 'running'
  returning * into ended;
  if not found then
    return;
  end if;
  if final or ended.attempts >= ended.max_attempts then
    update prewarm.leases l
       set starts = greatest(l.starts, prewarm.quarantine_starts()), until = now() + prewarm.quarantine_pause()
     where l.holder = job_id::text;
    delete from prewarm.jobs j where j.kind = ended.kind and j.subject = ended.subject and j.state = 'dead';
    update prewarm.jobs j set state = 'dead', ended_at = now() where j.id = job_id;
    return;
  end if;
  retry_at := now() + prewarm.backoff(ended.attempts);
  update prewarm.leases l set until = retry_at where l.holder = job_id::text;
  perform prewarm.wait_again(job_id, ended.attempts, retry_at);
end $$;
