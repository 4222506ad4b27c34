-- Lists windows of one partition that begin in a range, with what says how far the answer may be believed.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3] windows (sorted set by start)
-- ARGV[1] and ARGV[2] first and last start
-- returns {mark or nil, the position's offset or nil, its inputs or nil, windows}
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
return { redis.call('GET', KEYS[1]), at[1], at[2], redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[1], ARGV[2]) }
