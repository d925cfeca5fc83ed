-- The first instant that RFC 3339 writes in any time zone.
create or replace function prewarm.first_instant() returns timestamptz
language sql immutable return timestamptz '0001-01-01 00:00:00+00';
