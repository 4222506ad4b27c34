-- Reads customers of one partition, with what says how far the answer may be believed.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3] customers (hash)
-- ARGV[...] customer keys, at most 4,000
-- returns {mark or nil, the position's offset or nil, its inputs or nil, values}
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
return { redis.call('GET', KEYS[1]), at[1], at[2], redis.call('HMGET', KEYS[3], unpack(ARGV)) }
