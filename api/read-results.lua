-- Reads results of one partition, with what says how far the answer may be believed.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3...] results of windows (hashes)
-- ARGV[...] fields that are wanted of each; none: all of them, fields and values by turns
-- returns {mark or nil, the position's offset or nil, its inputs or nil, an array a window}
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
local windows = {}
for i = 3, #KEYS do
  if #ARGV == 0 then
    windows[#windows + 1] = redis.call('HGETALL', KEYS[i])
  else
    windows[#windows + 1] = redis.call('HMGET', KEYS[i], unpack(ARGV))
  end
end
return { redis.call('GET', KEYS[1]), at[1], at[2], windows }
