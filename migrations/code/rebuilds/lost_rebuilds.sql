-- Rebuilds that will not end, seen by a worker: those of a process that is gone, and those whose lease ran out.
create or replace function prewarm.lost_rebuilds(worker text) returns setof prewarm.leases
language sql stable
begin atomic
  select l.*
    from prewarm.leases l
   where l.holder is not null
     and (l.until <= now() or prewarm.is_gone(l.worker, lost_rebuilds.worker));
end;
