-- The length of a span of sums that is made from the source: a bin or an hour.
create or replace function prewarm.length_of(level int) returns interval
language sql immutable return case level when 0 then interval '1 second' else interval '1 hour' end;
