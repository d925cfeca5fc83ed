-- Ends a job well: its lease and its subject's dead letter go. An org whose rebuild took long rests: it keeps its
-- lease. Nothing happens when the job is no longer the worker's.
create or replace function prewarm.done(job_id text, worker text) returns void
language plpgsql as $$
declare
  ended apalis.jobs;
  took  interval;
begin
  update apalis.jobs j
     set status = 'Done', done_at = now(), last_result = '{"Ok": null}'
   where j.id = job_id and j.lock_by = worker and j.status = 'Running'
  returning * into ended;
  if not found then
    return;
  end if;
  -- Not since the claim: the end may have been told late, because the database was away.
  took := (select v.took from prewarm.versions v where v.org_id = prewarm.org_of(split_part(ended.idempotency_key, '#', 1)));
  if took > prewarm.long_rebuild() then
    update prewarm.leases l
       set holder = 'resting', starts = 1, until = now() + least(took, interval '1 minute')
     where l.holder = job_id;
  else
    delete from prewarm.leases l where l.holder = job_id;
  end if;
  delete from apalis.jobs dead
   where dead.job_type = ended.job_type
     and dead.idempotency_key = split_part(ended.idempotency_key, '#', 1) || '#dead';
end $$;
