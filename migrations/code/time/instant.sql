-- An instant as the read models show it.
create or replace function prewarm.instant(at timestamptz) returns timestamptz
language sql immutable
return case when isfinite(at) then least(greatest(at, prewarm.first_instant()), prewarm.last_instant()) end;
