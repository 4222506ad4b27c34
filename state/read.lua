-- Reads customers (or open snapshots) of one partition at one changelog position.
-- KEYS[1] position (hash), KEYS[2] customers or snapshots (hash)
-- ARGV[1] expected offset, '' for an empty view; ARGV[2...] their keys, at most 4,000
-- returns the values, nil for those that are not there; or 'foreign' when the view is at another position
local at = redis.call('HGET', KEYS[1], 'offset') or ''
if at ~= ARGV[1] then
  return 'foreign'
end
return redis.call('HMGET', KEYS[2], unpack(ARGV, 2))
