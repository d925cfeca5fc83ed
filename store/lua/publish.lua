-- Stores an org's blobs, unless Redis holds a newer version, and announces the version to the nodes.
--
-- KEYS[1]  the org's hash
-- ARGV     1 epoch, 2 n, 3 as_of and 4 next_change_at (microseconds, '' for never), 5 format, 6 seconds to live,
--          7 epoch, 8 n and 9 as_of of the version that the omitted blobs belong to ('' if none is omitted),
--          10 epoch and 11 n of a version that may be replaced though it is not older ('' for none): Postgres does not
--          know it, or its bytes could not be read,
--          12 channel ('' to announce nothing), 13 message, then model, bytes, model, bytes, …
-- Returns  {code, message}: 1 stored; 0 Redis holds this version or a newer one; -1 Redis lacks the omitted blobs, send
--          all. The message is Redis' refusal to publish, or ''.
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'n', 'as_of', 'format')
if held.err then
  if not string.find(held.err, 'WRONGTYPE') then
    -- A user who may not read would replace a newer version.
    return held
  end
  -- A key of another type, which is not ours.
  redis.call('DEL', KEYS[1])
  held = { false, false, false, false }
end

local epoch, n = tonumber(ARGV[1]), tonumber(ARGV[2])
local held_epoch, held_n = tonumber(held[1] or ''), tonumber(held[2] or '')
-- An earlier release does not write all models of this one: some are missing, or of an older version.
local earlier = (tonumber(held[4] or '') or 0) < tonumber(ARGV[5])
if held_epoch and held_n and not (held[1] == ARGV[10] and held[2] == ARGV[11]) then
  local newer = held_epoch > epoch or (held_epoch == epoch and held_n > n)
  -- With another as_of it is a different edition: the version was given again after the database was set back.
  local same = held_epoch == epoch and held_n == n and held[3] == ARGV[3]
  if newer or (same and not earlier) then
    return { 0, '' }
  end
end

if ARGV[7] ~= '' and (earlier or held[1] ~= ARGV[7] or held[2] ~= ARGV[8] or held[3] ~= ARGV[9]) then
  return { -1, '' }
end

-- No DEL first: once a script has written, Redis no longer stops it when memory is short.
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
