-- Records that a worker lives, renews the leases of the jobs that it holds, and ends lost jobs; returns how many. After a
-- lease, a job is lost if its worker sends no heartbeats any more, or if it is this worker's and the worker does not hold
-- it: the answer to its claim never came, or the worker could not record the end. Jobs of all queues, since another queue
-- may have no worker left.
create or replace function prewarm.heartbeat(worker text, queue text, lease interval, held bigint[]) returns int
language plpgsql as $$
declare
  lost int;
begin
  insert into prewarm.workers (name, queue)
  values (heartbeat.worker, heartbeat.queue)
      on conflict (name) do update set seen_at = now();
  perform prewarm.repair_clock(lease);
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held::text[])
              and mine.until < now() + lease * 0.75
              -- The session that holds the row is ending the job.
              for update skip locked
         );
  delete from prewarm.leases l where l.holder = 'resting' and l.until <= now();
  perform prewarm.fail(stuck.id, stuck.worker, 'lost: the job did not end within its lease', false)
     from (select j.id, j.worker
             from prewarm.jobs j
            where j.state = 'running'
              and j.claimed_at < now() - lease
              and case j.worker
                    when heartbeat.worker then j.id <> all (held)
                    else not exists (select from prewarm.workers w where w.name = j.worker and w.seen_at > now() - lease)
                  end
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;
