-- Whether the process of a worker is gone, as another worker sees it. A process whose session was cut lives on and takes its
-- lock again within a second. So a missing lock is believed only where the heartbeats stay out too, only of other
-- processes, and not right after a start of Postgres.
create or replace function prewarm.is_gone(worker text, seen_by text) returns boolean
language plpgsql stable as $$
begin
  return exists (
    select
      from prewarm.workers w
     where w.name = worker
       and w.seen_at < now() - interval '0.7 seconds'
       and w.life <> coalesce((select me.life from prewarm.workers me where me.name = seen_by), 0)
       and pg_postmaster_start_time() < now() - interval '5 seconds'
       and not prewarm.lives(w.life)
  );
end $$;
