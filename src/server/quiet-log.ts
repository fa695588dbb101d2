/**
 * A log that a flood cannot fill: the same words are written a few times in ten seconds, then counted, and the
 * count is written with the next that is let through.
 */
import type { LoggerOptions } from 'pino'
import type { Clock } from '../domain/clock.ts'

const EVERY_MS = 10_000
const MOST = 5
/** Words remembered; more than there are in the code. */
const MOST_KNOWN = 500

interface Repeats {
  since: number
  count: number
}

/** For pino's `hooks`. */
export function quietRepeats(clock: Pick<Clock, 'monotonic'>): NonNullable<LoggerOptions['hooks']> {
  const known = new Map<string, Repeats>()
  return {
    logMethod(args, write, level) {
      const [first, second] = args as readonly unknown[]
      const words = typeof first === 'string' ? first : typeof second === 'string' ? second : ''
      const key = `${level} ${words}`
      const now = clock.monotonic()
      const seen = known.get(key)
      if (seen === undefined || now - seen.since >= EVERY_MS) {
        if (known.size >= MOST_KNOWN) known.clear()
        known.set(key, { since: now, count: 1 })
        const held = (seen?.count ?? 0) - MOST
        if (held <= 0) return write.apply(this, args)
        const facts = typeof first === 'object' && first !== null ? first : {}
        return write.apply(this, [{ ...facts, heldBack: held }, words] as typeof args)
      }
      seen.count++
      if (seen.count <= MOST) write.apply(this, args)
    },
  }
}
