#!lua
-- Gives a lease back. KEYS: the lease. ARGV: holder. Answers 1, or 0 when it is not the holder's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
return 1
