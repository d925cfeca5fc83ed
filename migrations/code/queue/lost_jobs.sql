-- Running jobs that will not end, seen by a worker: those of a worker whose process is gone; after a lease, those of one that
-- sends no heartbeats any more, and its own that it does not hold: the answer to its claim never came, or it could not
-- record the end.
create or replace function prewarm.lost_jobs(worker text, lease interval, held bigint[]) returns setof prewarm.jobs
language sql stable
begin atomic
  select j.*
    from prewarm.jobs j
    left join prewarm.workers w on w.name = j.worker
   where j.state = 'running'
     and (
       prewarm.is_gone(j.worker, lost_jobs.worker)
       or j.claimed_at < now() - lease
       and case
             when j.worker = lost_jobs.worker then j.id <> all (held)
             else coalesce(w.seen_at <= now() - lease, true)
           end
     );
end;
