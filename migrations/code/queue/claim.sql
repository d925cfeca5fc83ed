-- Claims the due job of a queue that has waited longest; no row if none is due. The start is counted before the work, so that
-- a job which kills its process does not run for ever. The planner settings are as in prewarm.claim_rebuild.
create or replace function prewarm.claim(worker text, queue text) returns setof prewarm.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if not exists (
    select from prewarm.jobs j where j.queue = claim.queue and j.state = 'waiting' and j.run_at <= now()
  ) then
    return;
  end if;
  return query
  update prewarm.jobs j
     set state = 'running', attempts = j.attempts + 1, worker = claim.worker, claimed_at = now(), ended_at = null
   where j.id = (
           select d.id
             from prewarm.jobs d
            where d.queue = claim.queue
              and d.state = 'waiting'
              and d.run_at <= now()
            order by d.run_at
            limit 1
              for update skip locked
         )
  returning j.*;
end $$;
