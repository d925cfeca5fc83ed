-- An instant as it sorts: rows without one come last.
create or replace function prewarm.in_order(at timestamptz) returns timestamptz
language sql immutable return coalesce(prewarm.instant(at), timestamptz '-infinity');
