-- Running jobs that will not end, seen by a worker: those of a worker whose process is gone; after a lease, those of one that
-- sends no heartbeats any more, and its own that it does not hold: the answer to its claim never came, or it could not
-- record the end.
--
-- A process whose session was cut lives on and takes its lock again within a second. So a missing lock is believed only
-- where the heartbeats stay out too, only of other processes, and not right after a start of Postgres.
create or replace function prewarm.lost_jobs(worker text, lease interval, held bigint[]) returns setof prewarm.jobs
language sql stable
begin atomic
  select j.*
    from prewarm.jobs j
    left join lateral (
      select w.seen_at > now() - lease as beats,
             w.seen_at < now() - interval '0.7 seconds'
             and w.life <> coalesce((select me.life from prewarm.workers me where me.name = lost_jobs.worker), 0)
             and pg_postmaster_start_time() < now() - interval '5 seconds'
             and not prewarm.lives(w.life) as is_gone
        from prewarm.workers w
       where w.name = j.worker
         and w.name <> lost_jobs.worker
    ) w on true
   where j.state = 'running'
     and (
       w.is_gone
       or j.claimed_at < now() - lease
       and case when j.worker = lost_jobs.worker then j.id <> all (held) else w.beats is not true end
     );
end;
