#!lua flags=allow-oom
-- Finds neighbouring pages. KEYS: pages, fences, or pages, fences, head. ARGV: how many fields of
-- the head, those, f or b for the direction, from (included), to (not included), how many pages.
-- Answers as find.lua does, with pages in the direction asked for, and only where it could write, too.
local fields = tonumber(ARGV[1])
local head = KEYS[3] and redis.call('HMGET', KEYS[3], unpack(ARGV, 2, fields + 1)) or false
local found = {
  head, redis.call('HGET', KEYS[1], '!'), redis.call('HLEN', KEYS[1]), redis.call('ZCARD', KEYS[2])
}
local direction, low, high = ARGV[fields + 2], ARGV[fields + 3], ARGV[fields + 4]
local first = redis.call('ZRANGE', KEYS[2], '[' .. low, '-', 'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
low = first and '[' .. first or '-'
local fences
if direction == 'f' then
  fences = redis.call('ZRANGE', KEYS[2], low, '(' .. high, 'BYLEX', 'LIMIT', 0, ARGV[fields + 5])
else
  fences =
    redis.call('ZRANGE', KEYS[2], '(' .. high, low, 'BYLEX', 'REV', 'LIMIT', 0, ARGV[fields + 5])
end
for _, fence in ipairs(fences) do
  found[#found + 1] = fence
  found[#found + 1] = redis.call('HGET', KEYS[1], fence)
end
return found
