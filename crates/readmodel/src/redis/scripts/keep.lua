#!lua
-- Stores parts of a batch, for a while: until it is the pending one. KEYS: redo. ARGV: seconds, parts.
for at = 2, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[at]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
