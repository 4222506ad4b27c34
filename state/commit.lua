-- Moves the view of one partition from one changelog position to the next, or changes nothing.
-- KEYS[1] position (hash), KEYS[2...] the keys that the groups below name by their number
-- ARGV[1] expected offset, '' for an empty view
-- ARGV[2] new offset, ARGV[3] next input offsets (JSON), ARGV[4] cluster id, ARGV[5] topic, ARGV[6] clock (ms)
-- ARGV[7...] groups: command, number of its key in KEYS, number of arguments, the arguments. Besides Redis's own commands:
--   IS <type>: fails unless the key is of that type, or not there. (A transaction goes on after a command that met another.)
--   FORGET, for a key that is empty by now: does another command with what follows, `ZREM <number of a key> <member>`, say.
-- returns 'written', 'already' (the view is at the new offset) or 'foreign' (it is anywhere else)
local at = redis.call('HGET', KEYS[1], 'offset') or ''
if at ~= ARGV[1] then
  if at == ARGV[2] then
    return 'already'
  end
  return 'foreign'
end
local i = 7
while i <= #ARGV do
  local count = tonumber(ARGV[i + 2])
  local key = KEYS[tonumber(ARGV[i + 1])]
  if ARGV[i] == 'IS' then
    local found = redis.call('TYPE', key).ok
    if found ~= ARGV[i + 3] and found ~= 'none' then
      return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ' where a ' .. ARGV[i + 3] .. ' belongs')
    end
  elseif ARGV[i] ~= 'FORGET' then
    redis.call(ARGV[i], key, unpack(ARGV, i + 3, i + 2 + count))
  elseif redis.call('EXISTS', key) == 0 then
    redis.call(ARGV[i + 3], KEYS[tonumber(ARGV[i + 4])], ARGV[i + 5])
  end
  i = i + 3 + count
end
redis.call('HSET', KEYS[1], 'offset', ARGV[2], 'inputs', ARGV[3], 'cluster', ARGV[4], 'topic', ARGV[5], 'at', ARGV[6])
return 'written'
