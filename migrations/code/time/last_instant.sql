-- The last instant that RFC 3339 writes in any time zone.
create or replace function prewarm.last_instant() returns timestamptz
language sql immutable return timestamptz '9999-12-30 22:00:00+00';
