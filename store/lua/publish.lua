-- Puts an org's blobs in place, unless Redis holds a newer version; then says so to every node.
--
-- KEYS[1]  the org's hash
-- ARGV     1 epoch, 2 n, 3 as_of and 4 next_change_at (microseconds, '' for never), 5 format, 6 seconds to live,
--          7 epoch, 8 n and 9 as_of of the version that the blobs left out belong to ('' when none is left out),
--          10 epoch and 11 n of a version that may be replaced though it is not older ('' for none): Postgres does not
--          know it, or its bytes could not be read,
--          12 channel ('' to say nothing), 13 message, then model, bytes, model, bytes, …
-- Returns  {code, words}: 1 stored, 0 what is held is as new or newer, -1 the blobs left out are not held: send them all;
--          Redis' words where the channel was refused
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'n', 'as_of', 'format')
if held.err then
  -- Not a hash: not ours.
  redis.call('DEL', KEYS[1])
  held = { false, false, false, false }
end

local epoch, n = tonumber(ARGV[1]), tonumber(ARGV[2])
local held_epoch, held_n = tonumber(held[1] or ''), tonumber(held[2] or '')
-- An earlier release left out models that this one makes, or what lies there of them is of an older version.
local earlier = (tonumber(held[4] or '') or 0) < tonumber(ARGV[5])
if held_epoch and held_n and not (held[1] == ARGV[10] and held[2] == ARGV[11]) then
  local newer = held_epoch > epoch or (held_epoch == epoch and held_n > n)
  -- Of another instant: a version that was given a second time, after the database was set back.
  local same = held_epoch == epoch and held_n == n and held[3] == ARGV[3]
  if newer or (same and not earlier) then
    return { 0, '' }
  end
end

if ARGV[7] ~= '' and (earlier or held[1] ~= ARGV[7] or held[2] ~= ARGV[8] or held[3] ~= ARGV[9]) then
  return { -1, '' }
end

-- Not a DEL before: a script that has written already is no longer stopped where memory is short.
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'n', ARGV[2], 'as_of', ARGV[3], 'next_change_at', ARGV[4], 'format', ARGV[5])
for at = 14, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
if ARGV[12] ~= '' then
  local heard = redis.pcall('PUBLISH', ARGV[12], ARGV[13])
  if type(heard) == 'table' and heard.err then
    return { 1, heard.err }
  end
end
return { 1, '' }
