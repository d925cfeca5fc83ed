-- store::queue::upkeep::refresh_fleet_pulse
-- Affects one row if an org has been rebuilt or has gone since the last time, else none.
insert into prewarm.fleet_pulse_made as made (versions, as_of)
select coalesce(sum(n), 0), max(as_of)
  from prewarm.versions
    on conflict (singleton) do update
   set (versions, as_of) = (excluded.versions, excluded.as_of)
 where (made.versions, made.as_of) is distinct from (excluded.versions, excluded.as_of)
