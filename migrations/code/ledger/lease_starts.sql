-- The consecutive starts of an org without an end, the present one included. An org that rested had ended.
create or replace function prewarm.lease_starts(holder text, starts int) returns int
language sql immutable return case holder when 'resting' then 1 else starts + 1 end;
