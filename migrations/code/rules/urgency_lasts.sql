-- The time after the last contact for which a lead has an urgency: 1 high, 2 medium; null for 3, low, which lasts. In hours:
-- in a session of another time zone a day may have 23 or 25 of them.
create or replace function prewarm.urgency_lasts(rank int) returns interval
language sql immutable return (array[interval '24 hours', interval '168 hours'])[rank];
