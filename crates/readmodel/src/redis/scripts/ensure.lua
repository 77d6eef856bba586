#!lua
-- The incarnation of a slot, which begins to be when it was not. KEYS: head. ARGV: incarnation,
-- checkpoint, the number of the last batch, buckets.
local incarnation = redis.call('HGET', KEYS[1], 'i')
if incarnation then return incarnation end
redis.call('HSET', KEYS[1], 'i', ARGV[1], 'c', ARGV[2], 's', ARGV[3], 'n', ARGV[4])
return ARGV[1]
