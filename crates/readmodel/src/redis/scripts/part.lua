-- Applies a part of a pending batch. KEYS: pages, fences. ARGV: incarnation, marker, next marker,
-- writes. Answers 1, or 0 when the marker is another, and then nothing was done.
if not expected(KEYS[1], KEYS[2], ARGV[2], ARGV[1]) then return 0 end
write(KEYS[1], KEYS[2], 4)
redis.call('HSET', KEYS[1], '!', ARGV[3])
return 1
