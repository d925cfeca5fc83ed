-- An id for a job, in the shape of a ULID, which is all that the board accepts; no part of it is a time. apalis' own
-- function looks up what it calls in the session's search path, where anybody may put something better.
create or replace function prewarm.new_job_id() returns text
language sql volatile
return '0' || upper(left(replace(gen_random_uuid()::text, '-', ''), 25));
