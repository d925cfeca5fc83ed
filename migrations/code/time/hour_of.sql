-- The UTC hour that an instant lies in. Not date_trunc, which is not immutable and so is not inlined.
create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin('1 hour', at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
       end;
