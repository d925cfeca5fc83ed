-- Records that a worker lives, renews its leases of rebuilds and test calls, and returns what will not end: work of all queues,
-- since another queue may have no worker left.
create or replace function prewarm.heartbeat(me text, my_queue text, lease interval, held bigint[])
returns table (id bigint, worker text, kind text, subject uuid, attempts int, max_attempts int)
language plpgsql as $$
begin
  insert into prewarm.workers (name, queue)
  values (me, my_queue)
      on conflict (name) do update set seen_at = now();
  -- Every process has a worker of this queue: once for all three will do.
  if my_queue = 'rebuild' then
    perform prewarm.repair_clock(lease);
  end if;
  update prewarm.leases l
     set until = now() + lease
   where l.org_id in (
           select mine.org_id
             from prewarm.leases mine
            where mine.holder = any (held)
              and mine.worker = me
              and mine.until < now() + lease * 0.75
              -- The session that holds the row is ending the rebuild.
              for update skip locked
         );
  update prewarm.test_calls t
     set until = now() + lease
   where t.claim = any (held) and t.worker = me and t.until < now() + lease * 0.75;
  return query
    select j.id, j.worker, j.kind, '00000000-0000-0000-0000-000000000000'::uuid, j.attempts, j.max_attempts
      from prewarm.lost_jobs(me, lease, held) j
     union all
    select t.claim, t.worker, 'test_call', t.id, t.attempts, prewarm.quarantine_starts()
      from prewarm.test_calls t
     where t.claim is not null
       and (t.until <= now() or prewarm.is_gone(t.worker, me))
     union all
    select l.holder, l.worker, 'rebuild', l.org_id, l.starts, prewarm.quarantine_starts()
      from prewarm.lost_rebuilds(me) l;
end $$;
