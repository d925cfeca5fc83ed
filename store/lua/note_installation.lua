-- Notes which installation answers at an address, and forgets those that have not been noted for some time.
--
-- KEYS[1]  the address' sorted set: installations by the second at which they were last noted
-- ARGV     1 installation, 2 seconds after which another one is forgotten, 3 seconds to live
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[3])
