-- The stretches of time, ends included, that the rows of a span lie in: the span itself, or all that lies beyond the
-- calendar where the span starts at prewarm.timeless().
create or replace function prewarm.reaches(start timestamptz, span interval)
returns table (since timestamptz, until timestamptz)
language sql immutable
begin atomic
  select start, start + span - interval '1 microsecond' where start <> prewarm.timeless()
  union all
  select timestamptz '-infinity', prewarm.first_instant() - interval '1 microsecond' where start = prewarm.timeless()
  union all
  select prewarm.last_instant(), timestamptz 'infinity' where start = prewarm.timeless();
end;
