-- Tells that a worker lives: renews the leases of what it holds, and ends jobs that are lost; returns how many. Lost
-- is, after a lease, a job of a worker that is not heard of any more, and one of this worker that it does not hold: the
-- answer to its claim never came, or it could not tell the end.
create or replace function prewarm.heartbeat(worker text, queue text, lease interval, held text[]) returns int
language plpgsql as $$
declare
  lost int;
begin
  insert into apalis.workers as known (id, worker_type, storage_name, started_at)
  values (worker, queue, 'prewarm', now())
      on conflict (id) do update set last_seen = now();
  perform prewarm.mend_clock(lease);
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held)
              and mine.until < now() + lease * 0.75
              -- The session that holds the row is ending the job.
              for update skip locked
         );
  delete from prewarm.leases l where l.holder = 'resting' and l.until <= now();
  perform prewarm.fail(stuck.id, stuck.lock_by, 'lost: the job did not end within its lease', false)
     from (select j.id, j.lock_by
             from apalis.jobs j
            where j.job_type = queue
              and j.status = 'Running'
              and j.lock_at < now() - lease
              and case j.lock_by
                    when worker then j.id <> all (held)
                    else not exists (select from apalis.workers w where w.id = j.lock_by and w.last_seen > now() - lease)
                  end
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;
