-- The bin of ten seconds that an instant lies in.
create or replace function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin('10 seconds', at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
       end;
