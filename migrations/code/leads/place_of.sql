-- Where a lead comes among those of its org, as far as one number tells: the first has the lowest, and leads of the same
-- urgency and score share a place.
create or replace function prewarm.place_of(urgency_rank int, lead_score int) returns bigint
language sql immutable
return urgency_rank * 4294967296 - coalesce(lead_score, -2147483648);
