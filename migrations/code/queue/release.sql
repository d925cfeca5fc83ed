-- Gives back a job that was claimed and not begun, or that was cut short by a shutdown: neither a start nor a failure.
create or replace function prewarm.release(job_id text, worker text) returns void
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
     for update;
  if not found then
    return;
  end if;
  update prewarm.leases l set until = now() where l.holder = job_id;
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = greatest(j.attempts - 1, 0), lock_by = null, lock_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- Another job of the subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
end $$;
