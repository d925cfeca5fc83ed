-- Everything that the board shows of the queues. A rebuild that is owed or runs is named after its org, and a test call after
-- itself. Agents have a list of their own.
create or replace view prewarm.shown_jobs as
  select j.id::text as id, j.queue, j.kind, '00000000-0000-0000-0000-000000000000'::uuid as subject, j.state, j.attempts, j.max_attempts, j.worker, j.error, j.run_at,
         j.claimed_at, j.ended_at
    from prewarm.jobs j
   union all
  select t.id::text, 'prewarm', 'test_call', t.id, case when t.claim is null then 'waiting' else 'running' end, t.attempts,
         prewarm.quarantine_starts(), t.worker, t.error, t.until, t.claimed_at, null
    from prewarm.test_calls t
   where t.stage in ('preparing', 'connecting')
   union all
  select d.id::text, d.queue, d.kind, d.subject, 'dead', d.attempts, d.max_attempts, null, d.error, d.since, null,
         d.died_at
    from prewarm.dead_letters d
   union all
  select l.org_id::text, 'rebuild', 'rebuild', l.org_id, case when l.holder is null then 'waiting' else 'running' end,
         l.starts, prewarm.quarantine_starts(), l.worker, l.error, l.until, l.claimed_at, null
    from prewarm.leases l
   union all
  select o.org_id::text, 'rebuild', 'rebuild', o.org_id, 'waiting', 0, prewarm.quarantine_starts(), null, null, now(), null,
         null
    from (select distinct owed.org_id from prewarm.owed where owed.reason <> 'unfinished') o
   where not exists (select from prewarm.leases l where l.org_id = o.org_id);
