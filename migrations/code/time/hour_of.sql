-- The UTC hour that an instant lies in. Not date_trunc, which is not immutable and so is not inlined.
create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable return prewarm.span_of('1 hour', at);
