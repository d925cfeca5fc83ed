-- Records that an installation is at an address, and removes those that were not recorded for some time.
--
-- KEYS[1]  the address' sorted set: installations, scored by the second when they were last recorded
-- ARGV     1 installation, 2 seconds after which others are removed, 3 seconds to live
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[3])
