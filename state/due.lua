-- Reads the timers of one partition that are due, at one changelog position.
-- KEYS[1] position (hash), KEYS[2...] timers of one tenant each (sorted sets: customer id by due time)
-- ARGV[1] expected offset, ARGV[2] most timers of each tenant, ARGV[3...] the time before which they are due, by tenant
-- returns for each tenant: the due time of the first timer that is not among them ('' for none), then customer ids, the
-- earliest first; or 'foreign' when the view is at another position
local at = redis.call('HGET', KEYS[1], 'offset') or ''
if at ~= ARGV[1] then
  return 'foreign'
end
local answer = {}
for i = 2, #KEYS do
  local due = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[i + 1], 'LIMIT', 0, ARGV[2])
  local after = redis.call('ZRANGE', KEYS[i], #due, #due, 'WITHSCORES')
  table.insert(due, 1, after[2] or '')
  answer[i - 1] = due
end
return answer
