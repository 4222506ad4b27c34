-- The last command of a transaction that changes a view: moves its position, unless a command before it was refused because
-- a key isn't of the command's type. (Redis goes on with a transaction after such an error.)
-- KEYS[1] position (hash), KEYS[2...] all other keys of the transaction
-- ARGV[1...] the type that each of those must have by now, unless it is gone
-- then new offset, next input offsets (JSON), cluster id, topic, clock (ms)
-- then groups of four: number of a key, and if that key is gone, a command with the number of another key and a member
for i = 2, #KEYS do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= ARGV[i - 1] and found ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found .. ' where a ' .. ARGV[i - 1] .. ' belongs')
  end
end
local at = #KEYS
for i = at + 5, #ARGV, 4 do
  if redis.call('EXISTS', KEYS[tonumber(ARGV[i])]) == 0 then
    redis.call(ARGV[i + 1], KEYS[tonumber(ARGV[i + 2])], ARGV[i + 3])
  end
end
redis.call(
  'HSET', KEYS[1],
  'offset', ARGV[at], 'inputs', ARGV[at + 1], 'cluster', ARGV[at + 2], 'topic', ARGV[at + 3], 'at', ARGV[at + 4]
)
return 'written'
