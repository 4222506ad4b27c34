-- Reads some of a tenant's customers of one partition, at one changelog position; all of them by going on with the cursor.
-- KEYS[1] position (hash), KEYS[2] an index of the tenant (sorted set of customer ids), KEYS[3] customers (hash)
-- ARGV[1] expected offset, ARGV[2] cursor, '0' to begin, ARGV[3] about how many, ARGV[4] what precedes an id in a key
-- returns the next cursor ('0': that was all), how many the tenant has, then keys and values in turn; or 'foreign' when the view is elsewhere
local at = redis.call('HGET', KEYS[1], 'offset') or ''
if at ~= ARGV[1] then
  return 'foreign'
end
local page = redis.call('ZSCAN', KEYS[2], ARGV[2], 'COUNT', ARGV[3])
local answer = { page[1], redis.call('ZCARD', KEYS[2]) }
for i = 1, #page[2], 2 do
  local key = ARGV[4] .. page[2][i]
  local value = redis.call('HGET', KEYS[3], key)
  if value then
    answer[#answer + 1] = key
    answer[#answer + 1] = value
  end
end
return answer
