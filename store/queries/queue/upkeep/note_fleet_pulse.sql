-- store::queue::upkeep::refresh_fleet_pulse
-- One row affected if a version has come or gone since the last time, else none.
insert into prewarm.fleet_pulse_made as made (versions, as_of)
select count(*), max(as_of)
  from prewarm.versions
    on conflict (singleton) do update
   set (versions, as_of) = (excluded.versions, excluded.as_of)
 where (made.versions, made.as_of) is distinct from (excluded.versions, excluded.as_of)
