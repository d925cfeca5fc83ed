-- Makes the sums of the days, months and years that some hours lie in.
create or replace procedure prewarm.write_above(org uuid, hours timestamptz[])
language plpgsql as $$
declare
  starts timestamptz[] := hours;
  unit   text;
begin
  foreach unit in array array['day', 'month', 'year'] loop
    starts := array(select distinct date_trunc(unit, start, 'UTC') from unnest(starts) as start);
    call prewarm.write_level(org, array_position(array['hour', 'day', 'month', 'year'], unit), starts);
  end loop;
end $$;
