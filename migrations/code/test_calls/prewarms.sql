-- Whether a worker lives that has a way to Vapi.
create or replace function prewarm.prewarms() returns boolean
language plpgsql stable as $$
begin
  return exists (
    select
      from prewarm.workers w
     where w.queue = 'prewarm'
       and w.seen_at > now() - interval '10 seconds'
  );
end $$;
