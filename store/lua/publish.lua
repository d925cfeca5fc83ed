-- Stores an org's blobs, unless Redis holds a newer version, and announces the version to the nodes.
--
-- KEYS[1]  the org's hash
-- ARGV     1 epoch, 2 n, 3 as_of and 4 next_change_at (microseconds, '' for never), 5 seconds to live,
--          6 epoch, 7 n and 8 as_of of the version that the omitted blobs belong to ('' if none is omitted),
--          9 epoch and 10 n of a version that may be replaced though it is not older ('' for none): Postgres does not
--          know it, or its bytes could not be read,
--          11 channel ('' to announce nothing), 12 message, then model, bytes, model, bytes, …
-- Returns  {code, message}: 1 stored; 0 Redis holds this version or a newer one; -1 Redis lacks the omitted blobs, send
-- all.
--          The message is Redis' refusal to publish, or ''.
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'n', 'as_of')
if held.err then
  -- A key of another type, which is not ours.
  redis.call('DEL', KEYS[1])
  held = { false, false, false }
end

local epoch, n = tonumber(ARGV[1]), tonumber(ARGV[2])
local held_epoch, held_n = tonumber(held[1] or ''), tonumber(held[2] or '')
if held_epoch and held_n and not (held[1] == ARGV[9] and held[2] == ARGV[10]) then
  local newer = held_epoch > epoch or (held_epoch == epoch and held_n > n)
  -- With another as_of it is a different edition: the version was given again after the database was set back.
  local same = held_epoch == epoch and held_n == n and held[3] == ARGV[3]
  if newer or same then
    return { 0, '' }
  end
end

if ARGV[6] ~= '' and (held[1] ~= ARGV[6] or held[2] ~= ARGV[7] or held[3] ~= ARGV[8]) then
  return { -1, '' }
end

-- No DEL first: once a script has written, Redis no longer stops it when memory is short.
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
