-- The length of a level's spans of sums.
create or replace function prewarm.length_of(level int) returns interval
language sql immutable
return (array[interval '10 seconds', interval '1 hour', interval '1 day', interval '1 month', interval '1 year'])[level + 1];
