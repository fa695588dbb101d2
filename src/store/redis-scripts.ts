/** What runs inside Redis, in one step each. */

/** KEYS: one an entry. ARGV: ms to live and bytes of each. */
export const WRITE = `for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[2 * i], 'PX', ARGV[2 * i - 1]) end return #KEYS`
/**
 * Writes what is newer than what lies there. KEYS: one an entry. ARGV: instant, ms to live and bytes of each. The
 * instant of what lies there stands in its envelope, so that not even a huge value has to be looked at whole.
 */
export const WRITE_NEWER = `
for i = 1, #KEYS do
  local at, head = 3 * i, redis.pcall('GETRANGE', KEYS[i], 0, 22)
  local isOurs = type(head) == 'string' and #head == 23 and string.byte(head) == 199
  local theirs = isOurs and struct.unpack('>d', string.sub(head, 16, 23)) or -1
  if not (theirs > tonumber(ARGV[at - 2])) then redis.call('SET', KEYS[i], ARGV[at], 'PX', ARGV[at - 1]) end
end
return #KEYS`
/** KEYS: the lease. ARGV: who holds it. */
export const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`
