#!lua
-- Moves the checkpoint behind a pending batch whose parts are all applied. KEYS: head, redo.
-- ARGV: incarnation, pending, to, the batch's number, the fields of its buckets. Answers 1, or 0 when
-- it is not pending.
local head = redis.call('HMGET', KEYS[1], 'i', 'p')
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return 0 end
for at = 5, #ARGV do redis.call('HSET', KEYS[1], ARGV[at], ARGV[4]) end
redis.call('HSET', KEYS[1], 'c', ARGV[3], 's', ARGV[4])
redis.call('HDEL', KEYS[1], 'p')
redis.call('UNLINK', KEYS[2])
return 1
