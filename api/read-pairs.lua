-- Reads a part of the results of one window, with what says how far the answer may be believed.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3] results of the window (hash)
-- ARGV[1] cursor ('0' for the beginning), ARGV[2] about how many
-- returns {mark or nil, the position's offset or nil, its inputs or nil, values, next cursor ('0' at the end), how many there are}
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
local page = redis.call('HSCAN', KEYS[3], ARGV[1], 'COUNT', ARGV[2])
local values = {}
for i = 2, #page[2], 2 do
  values[#values + 1] = page[2][i]
end
return { redis.call('GET', KEYS[1]), at[1], at[2], values, page[1], redis.call('HLEN', KEYS[3]) }
