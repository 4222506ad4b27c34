-- Reads the next entries of one partition's index after a place, highest first, ties by member bytes descending.
-- KEYS[1] rebuilding mark, KEYS[2] position (hash), KEYS[3] index (sorted set)
-- ARGV[1] how many; ARGV[2] score and ARGV[3] member of the place; ARGV[2] = '' for the beginning
-- returns {mark or nil, the position's offset or nil, its inputs or nil, members and scores}

-- Lua's own < compares by the locale of the server, sorted sets compare bytes.
local function below(a, b)
  local length = math.min(#a, #b)
  for i = 1, length do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local from = 0
if ARGV[2] ~= '' then
  -- The place need not be an entry any more, or may be one of another partition: its rank is searched among the ties.
  local low = redis.call('ZCOUNT', KEYS[3], '(' .. ARGV[2], '+inf')
  local high = low + redis.call('ZCOUNT', KEYS[3], ARGV[2], ARGV[2])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if below(redis.call('ZREVRANGE', KEYS[3], middle, middle)[1], ARGV[3]) then
      high = middle
    else
      low = middle + 1
    end
  end
  from = low
end
local at = redis.call('HMGET', KEYS[2], 'offset', 'inputs')
local entries = redis.call('ZREVRANGE', KEYS[3], from, from + tonumber(ARGV[1]) - 1, 'WITHSCORES')
return { redis.call('GET', KEYS[1]), at[1], at[2], entries }
