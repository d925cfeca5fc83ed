-- The second that an instant lies in.
create or replace function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable return prewarm.span_of('1 second', at);
