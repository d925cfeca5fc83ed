-- Ends a job badly. It waits for its next attempt, and its org's lease with it. After the last one, or at once when
-- final, it is its subject's dead letter and the org in quarantine. Nothing happens when it is no longer the worker's.
create or replace function prewarm.fail(job_id text, worker text, error text, final boolean) returns void
language plpgsql as $$
declare
  ended    apalis.jobs;
  subject  text;
  retry_at timestamptz;
begin
  update apalis.jobs j
     set status = 'Failed', done_at = now(), last_result = jsonb_build_object('Err', left(error, 1000))
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  subject := split_part(ended.idempotency_key, '#', 1);
  if final or ended.attempts >= ended.max_attempts then
    update prewarm.leases l
       set starts = greatest(l.starts, prewarm.quarantine_starts()), until = now() + prewarm.quarantine_pause()
     where l.holder = job_id;
    delete from apalis.jobs dead where dead.job_type = ended.job_type and dead.idempotency_key = subject || '#dead';
    update apalis.jobs j set status = 'Killed', idempotency_key = subject || '#dead' where j.id = job_id;
    return;
  end if;
  retry_at := now() + prewarm.backoff(ended.attempts);
  update prewarm.leases l set until = retry_at where l.holder = job_id;
  begin
    update apalis.jobs j set run_at = retry_at, idempotency_key = subject where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already: this one need not come back.
    update apalis.jobs j set max_attempts = j.attempts where j.id = job_id;
  end;
end $$;
