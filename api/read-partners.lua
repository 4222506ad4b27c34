-- Reads what is bought together with an item in one window, the highest confidence first.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3] partners (sorted set), KEYS[4] results of the window (hash)
-- ARGV[1] the item, percent-encoded, ARGV[2] how many
-- returns {mark or nil, the position's offset or nil, its inputs or nil, values}
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
local values = {}
for _, partner in ipairs(redis.call('ZREVRANGE', KEYS[3], 0, tonumber(ARGV[2]) - 1)) do
  local value = redis.call('HGET', KEYS[4], ARGV[1] .. '+' .. partner) or redis.call('HGET', KEYS[4], partner .. '+' .. ARGV[1])
  if value then
    values[#values + 1] = value
  end
end
return { redis.call('GET', KEYS[1]), at[1], at[2], values }
