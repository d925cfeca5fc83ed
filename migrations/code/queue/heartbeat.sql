-- Records that a worker lives, renews the leases of the rebuilds that it holds, and returns what will not end: work of all
-- queues, since another queue may have no worker left.
create or replace function prewarm.heartbeat(me text, my_queue text, lease interval, held bigint[])
returns table (id bigint, worker text, kind text, subject uuid, attempts int, max_attempts int)
language plpgsql as $$
begin
  insert into prewarm.workers (name, queue)
  values (me, my_queue)
      on conflict (name) do update set seen_at = now();
  perform prewarm.repair_clock(lease);
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held)
              and mine.until < now() + lease * 0.75
              -- The session that holds the row is ending the rebuild.
              for update skip locked
         );
  return query
    select j.id, j.worker, j.kind, j.subject, j.attempts, j.max_attempts
      from prewarm.lost_jobs(me, lease, held) j
     union all
    select l.holder, l.worker, 'rebuild', l.org_id, l.starts, prewarm.quarantine_starts()
      from prewarm.lost_rebuilds(me) l;
end $$;
