/** Where a request comes from, seen past our own proxies and no further: what a stranger writes is not believed. */
import type { IncomingMessage } from 'node:http'

export function addressOf({ headers, socket }: IncomingMessage, trustedProxies: number): string {
  const direct = plain(socket.remoteAddress ?? 'unknown')
  if (trustedProxies === 0) return direct
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  return plain(forwarded.at(-trustedProxies) ?? forwarded[0] ?? direct)
}

/** One network of IPv6 is one household: its first 64 bits count. */
function plain(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!mapped.includes(':')) return mapped.slice(0, 64)
  const [head = '', tail = ''] = mapped.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const missing = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  const all = mapped.includes('::') ? [...front, ...missing, ...back] : front
  return `${all.slice(0, 4).join(':')}::/64`.slice(0, 64)
}
