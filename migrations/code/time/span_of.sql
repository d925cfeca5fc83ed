-- The span of this length, counted from the millennium, that an instant lies in.
create or replace function prewarm.span_of(span interval, at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin(span, at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
       end;
