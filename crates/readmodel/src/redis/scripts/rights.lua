-- Which of the commands in ARGV, each with arguments after spaces, this user may not call. Calls none.
local missing = {}
for _, line in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(line, '%S+') do table.insert(words, word) end
  local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
  if not (known and allowed) then table.insert(missing, words[1]) end
end
return missing
