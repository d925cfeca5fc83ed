-- Whether a worker lives that has a way to Vapi.
create or replace function prewarm.prewarms() returns boolean
language sql stable
return exists (
  select
    from apalis.workers w
   where w.worker_type = 'prewarm'
     and w.last_seen > now() - interval '10 seconds'
);
