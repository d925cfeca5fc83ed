-- Whether an hour is to be kept by bins from now on: one of today with many calls and appointments.
create or replace function prewarm.is_dense(hour prewarm.sums, at timestamptz) returns boolean
language sql immutable
return hour.level = 1 and hour.start > at - interval '1 day' and hour.total_calls + hour.appointments > prewarm.dense_hour();
