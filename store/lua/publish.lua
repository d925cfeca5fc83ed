-- Puts an org's blobs in place, unless Redis holds a newer version; then says so to every node.
--
-- KEYS[1]  the org's hash
-- ARGV     1 epoch, 2 n, 3 epoch and 4 n of the version that the blobs left out belong to ('' when none is left out),
--          5 as_of and 6 next_change_at (microseconds, '' for never), 7 seconds to live, 8 channel ('' to say nothing), 9 message,
--          then model, bytes, model, bytes, …
-- Returns  1 stored, 0 what is held is as new or newer, -1 the blobs left out are not held: send them all
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'n')
if held.err then
  -- Not a hash: not ours.
  redis.call('DEL', KEYS[1])
  held = { false, false }
end

local epoch, n = tonumber(ARGV[1]), tonumber(ARGV[2])
local held_epoch, held_n = tonumber(held[1] or ''), tonumber(held[2] or '')
if held_epoch and held_n and (held_epoch > epoch or (held_epoch == epoch and held_n >= n)) then
  return 0
end

if ARGV[3] ~= '' and (held[1] ~= ARGV[3] or held[2] ~= ARGV[4]) then
  return -1
end

-- Not a DEL before: a script that has written already is no longer stopped where memory is short.
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'n', ARGV[2], 'as_of', ARGV[5], 'next_change_at', ARGV[6])
for at = 10, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[7])
if ARGV[8] ~= '' then
  redis.call('PUBLISH', ARGV[8], ARGV[9])
end
return 1
