#!lua
-- Makes a stored batch the pending one. KEYS: head, redo. ARGV: incarnation, from, the number of the
-- last batch, pending, parts, buckets when the head is to be made. Answers 1, or 0 when something is
-- not as expected.
local head = redis.call('HMGET', KEYS[1], 'i', 'c', 'p', 's')
if redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[5]) then return 0 end
if ARGV[6] ~= '' then
  if head[1] then return 0 end
  redis.call('HSET', KEYS[1], 'i', ARGV[1], 'n', ARGV[6], 'c', ARGV[2], 's', ARGV[3])
elseif head[1] ~= ARGV[1] or head[2] ~= ARGV[2] or head[3] or head[4] ~= ARGV[3] then
  return 0
end
redis.call('PERSIST', KEYS[2])
redis.call('HSET', KEYS[1], 'p', ARGV[4])
return 1
