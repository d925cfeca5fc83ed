-- Thresholds and pauses. Functions with a constant body are inlined: a plan sees the constant. What an operator may tune is
-- a row of prewarm.settings.

-- Consecutive starts of an org's rebuild without a good end that put it in quarantine.
create or replace function prewarm.quarantine_starts() returns int
language sql immutable return 3;

-- The pause between two tries of an org in quarantine.
create or replace function prewarm.quarantine_pause() returns interval
language sql immutable return interval '1 minute';

-- No lease is set, and no attempt put off, for longer: see store/src/queue/attempts.rs.
create or replace function prewarm.longest_pause() returns interval
language sql immutable return interval '75 seconds';

-- After a rebuild that took longer, an org rests for as long again, a minute at most: changes that come at the pace of its
-- rebuilds would otherwise keep a core busy for ever.
create or replace function prewarm.long_rebuild() returns interval
language sql immutable return interval '1 second';

-- A statement that changes this many rows is not listed row by row: its mark covers the whole org.
create or replace function prewarm.wide_from() returns bigint
language sql immutable return 101;

-- The number of touched leads, or instants, from which on it is cheaper to make all of an org: a quarter, and a hundred at
-- least.
create or replace function prewarm.many_of(held bigint) returns bigint
language sql immutable return greatest(100, held / 4);

-- An hour with more calls and appointments than this is kept by bins.
create or replace function prewarm.dense_hour() returns bigint
language sql immutable return 60;

-- A contact with this many calls is a frequent caller: its sums change by differences.
create or replace function prewarm.frequent_from() returns bigint
language sql immutable return 500;

-- The number of touched leads, or of spans of sums, up to which each is brought up to date by itself. More leads may share
-- one number, and each would read all of its calls.
create or replace function prewarm.few() returns int
language sql immutable return 8;

-- The time to join a test call; then Vapi ends it.
create or replace function prewarm.test_call_joins() returns interval
language sql immutable return interval '15 seconds';

-- The time that a person waits for a test call to be made.
create or replace function prewarm.test_call_waits() returns interval
language sql immutable return interval '30 seconds';

-- The time that a test call waits for a worker that can reach Vapi: one may be starting.
create or replace function prewarm.test_call_patience() returns interval
language sql immutable return interval '3 seconds';
