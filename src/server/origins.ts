/**
 * Which pages may talk to us from a browser: over WebSocket, where the browser asks nobody and so we must, and
 * over HTTP, where it asks by CORS. Whoever sends no Origin is not a browser.
 */
import type { IncomingHttpHeaders } from 'node:http'

export interface Origins {
  admits(headers: IncomingHttpHeaders): boolean
  /** What lets the page read the answer; null for a page that may not, and for no page at all. */
  answerHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | null
}

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/
const EXPOSED =
  'x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-policy'
/** Browsers ask again after this, in seconds. */
const PREFLIGHT_SECONDS = '600'

/** Null: pages on this machine. Pages of our own host always may. */
export function createOrigins(allowed: readonly string[] | null = null): Origins {
  const listed = new Set(allowed)
  const isAllowed = ({ origin, host }: IncomingHttpHeaders): boolean => {
    if (origin === undefined || listed.has('*') || listed.has(origin)) return true
    if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return true
    return allowed === null && LOCAL.test(origin)
  }
  return {
    admits: isAllowed,
    answerHeaders(headers) {
      const { origin } = headers
      if (origin === undefined || !isAllowed(headers)) return null
      const asked = headers['access-control-request-headers']
      return {
        'access-control-allow-origin': origin,
        vary: 'Origin',
        'access-control-expose-headers': EXPOSED,
        ...(headers['access-control-request-method'] === undefined
          ? {}
          : {
              'access-control-allow-methods': 'GET, POST',
              'access-control-allow-headers': asked ?? 'content-type',
              'access-control-max-age': PREFLIGHT_SECONDS,
            }),
      }
    },
  }
}
