-- Puts an org's blobs in place, unless Redis holds a newer version; then says so to every node.
--
-- KEYS[1]  the org's hash
-- ARGV     1 epoch, 2 n, 3 as_of and 4 next_change_at (microseconds, '' for never), 5 seconds to live,
--          6 epoch, 7 n and 8 as_of of the version that the blobs left out belong to ('' when none is left out),
--          9 epoch and 10 n of a version that may be replaced though it is not older ('' for none): Postgres does not
--          know it, or its bytes could not be read,
--          11 channel ('' to say nothing), 12 message, then model, bytes, model, bytes, …
-- Returns  {code, words}: 1 stored, 0 what is held is as new or newer, -1 the blobs left out are not held: send them all;
--          Redis' words where the channel was refused
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'n', 'as_of')
if held.err then
  -- Not a hash: not ours.
  redis.call('DEL', KEYS[1])
  held = { false, false, false }
end

local epoch, n = tonumber(ARGV[1]), tonumber(ARGV[2])
local held_epoch, held_n = tonumber(held[1] or ''), tonumber(held[2] or '')
if held_epoch and held_n and not (held[1] == ARGV[9] and held[2] == ARGV[10]) then
  local newer = held_epoch > epoch or (held_epoch == epoch and held_n > n)
  -- Of another instant: a version that was given a second time, after the database was set back.
  local same = held_epoch == epoch and held_n == n and held[3] == ARGV[3]
  if newer or same then
    return { 0, '' }
  end
end

if ARGV[6] ~= '' and (held[1] ~= ARGV[6] or held[2] ~= ARGV[7] or held[3] ~= ARGV[8]) then
  return { -1, '' }
end

-- Not a DEL before: a script that has written already is no longer stopped where memory is short.
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'n', ARGV[2], 'as_of', ARGV[3], 'next_change_at', ARGV[4])
for at = 13, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
if ARGV[11] ~= '' then
  local heard = redis.pcall('PUBLISH', ARGV[11], ARGV[12])
  if type(heard) == 'table' and heard.err then
    return { 1, heard.err }
  end
end
return { 1, '' }
