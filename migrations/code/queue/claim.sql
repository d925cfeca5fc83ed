-- Claims up to n due jobs of a queue. The start is counted before the work, so that a job which kills its process does not
-- run for ever. An idle claim writes nothing. The planner settings are as in prewarm.claim_rebuild.
create or replace function prewarm.claim(worker text, queue text, n int) returns setof prewarm.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if not exists (select from prewarm.due_jobs d where d.queue = claim.queue) then
    return;
  end if;
  return query
  update prewarm.jobs j
     set state = 'running', attempts = j.attempts + 1, worker = claim.worker, claimed_at = now(), ended_at = null
   where j.id = any (array(
           select d.id
             from prewarm.due_jobs d
            where d.queue = claim.queue
            order by d.priority desc, d.run_at
            limit n
              for update skip locked
         ))
  returning j.*;
end $$;
