#!lua flags=allow-oom
-- Finds the pages that keys belong to. KEYS: pages, fences, or pages, fences, head. ARGV: how many
-- fields of the head, those, the keys in order. Answers the fields, the marker, how many pages and
-- fences there are, and then fence and page in turn. Fences are compared for equality alone: how
-- Lua sorts depends on the server's locale. Not said to write nothing: so a master that became a
-- replica refuses it, where it would answer with old rows.
local fields = tonumber(ARGV[1])
local head = KEYS[3] and redis.call('HMGET', KEYS[3], unpack(ARGV, 2, fields + 1)) or false
local found = {
  head, redis.call('HGET', KEYS[1], '!'), redis.call('HLEN', KEYS[1]), redis.call('ZCARD', KEYS[2])
}
local last
for at = fields + 2, #ARGV do
  local key = '[' .. ARGV[at]
  local fence = redis.call('ZRANGE', KEYS[2], key, '-', 'BYLEX', 'REV', 'LIMIT', 0, 1)[1] or ''
  if fence ~= last then
    found[#found + 1] = fence
    found[#found + 1] = redis.call('HGET', KEYS[1], fence)
    last = fence
  end
end
return found
