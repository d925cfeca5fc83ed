-- Records that a worker lives, renews the leases of the jobs that it holds, and ends lost jobs; returns how many. Jobs of
-- all queues, since another queue may have no worker left.
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
            where j.id = any (array(select l.id from prewarm.lost_jobs(heartbeat.worker, lease, held) l))
              and j.state = 'running'
              for update skip locked) as stuck;
  get diagnostics lost = row_count;
  return lost;
end $$;
