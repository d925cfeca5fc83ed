-- The sums of an empty span.
create or replace function prewarm.no_sums(org uuid, level int, start timestamptz) returns prewarm.sums
language sql immutable return row(org, level, start, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)::prewarm.sums;
