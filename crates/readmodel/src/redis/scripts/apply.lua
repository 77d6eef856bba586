-- Applies a batch that is in one place. KEYS: head, or head, pages, fences.
-- ARGV: incarnation, from, to, buckets when the head is to be made, the bucket's field, the number of
-- the last batch, of this one, the bucket's marker, its next marker, writes.
-- Answers 1, or 0 when something is not as expected, and then nothing was done.
local incarnation, from, to, create, field = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local head = redis.call('HMGET', KEYS[1], 'i', 'c', 'p', 's')
if create ~= '' then
  if head[1] then return 0 end
elseif head[1] ~= incarnation or head[2] ~= from or head[3] or head[4] ~= ARGV[6] then
  return 0
end
if KEYS[2] then
  if not expected(KEYS[2], KEYS[3], ARGV[8], incarnation) then return 0 end
  write(KEYS[2], KEYS[3], 10)
  redis.call('HSET', KEYS[2], '!', ARGV[9])
  redis.call('HSET', KEYS[1], field, ARGV[7])
end
if create ~= '' then redis.call('HSET', KEYS[1], 'i', incarnation, 'n', create) end
redis.call('HSET', KEYS[1], 'c', to, 's', ARGV[7])
return 1
