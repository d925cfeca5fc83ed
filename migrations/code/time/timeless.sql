-- The instant under which sums of calls without an instant are kept: it starts an hour, a day, a month and a year, and no
-- call has it.
create or replace function prewarm.timeless() returns timestamptz
language sql immutable return timestamptz '4713-01-01 00:00:00+00 BC';
