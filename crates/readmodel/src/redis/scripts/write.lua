-- Stores pages: r fence page replaces one, n fence page adds one, d fence removes one.
local function write(pages, fences, at)
  while at <= #ARGV do
    local what, fence = ARGV[at], ARGV[at + 1]
    if what == 'd' then
      redis.call('HDEL', pages, fence)
      redis.call('ZREM', fences, fence)
      at = at + 2
    else
      redis.call('HSET', pages, fence, ARGV[at + 2])
      if what == 'n' then redis.call('ZADD', fences, 0, fence) end
      at = at + 3
    end
  end
end

-- Whether the pages are as expected. Pages of an incarnation that is no more are dropped.
local function expected(pages, fences, marker, incarnation)
  local at = redis.call('HGET', pages, '!')
  if marker ~= '' then return at == marker end
  if at and string.sub(at, 1, 8) == incarnation then return false end
  redis.call('UNLINK', pages, fences)
  return true
end
