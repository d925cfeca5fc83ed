-- The bin of ten seconds that an instant lies in.
create or replace function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable return prewarm.span_of('10 seconds', at);
