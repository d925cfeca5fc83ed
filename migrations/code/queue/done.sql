-- Ends a job well, and removes its lease and its subject's dead letter. An org whose rebuild took long keeps its lease and
-- rests. Does nothing if the worker has lost the job.
create or replace function prewarm.done(job_id bigint, worker text) returns void
language plpgsql as $$
declare
  ended prewarm.jobs;
  took  interval;
begin
  update prewarm.jobs j
     set state = 'done', ended_at = now(), error = null
   where j.id = job_id and j.worker = done.worker and j.state = 'running'
  returning * into ended;
  if not found then
    return;
  end if;
  -- The rebuild's own time, and not the time since the claim: a database that was away delays the end.
  took := (select v.took from prewarm.versions v where v.org_id = ended.org_id);
  if took > prewarm.long_rebuild() then
    update prewarm.leases l
       set holder = 'resting', starts = 1, until = now() + least(took, interval '1 minute')
     where l.holder = job_id::text;
  else
    delete from prewarm.leases l where l.holder = job_id::text;
  end if;
  delete from prewarm.jobs j where j.kind = ended.kind and j.subject = ended.subject and j.state = 'dead';
end $$;
