/** Reads `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). */
import type { Instant } from '../domain/attribution.ts'

/** A source that asks for more than this is taken at this word and asked again then. */
const LONGEST_MS = 3_600_000

/** Milliseconds from now; null where the reply names no time we understand. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: Instant): number | null {
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return null
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(ms) ? Math.min(LONGEST_MS, Math.max(0, ms)) : null
}
