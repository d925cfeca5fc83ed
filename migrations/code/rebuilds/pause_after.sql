-- From the start of an org's rebuild to that of the next, where they start no closer than `gap`. An org whose rebuild took
-- long rests for as long again.
create or replace function prewarm.pause_after(took interval, gap interval) returns interval
language sql immutable
return case when took > prewarm.long_rebuild() then took + least(took, interval '1 minute') else gap end;
