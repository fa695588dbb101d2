/**
 * How often something can be fetched anew when as much of it is wanted as was wanted lately. A venue that must be
 * asked market by market is asked for each a little less often, so that none of them is left without.
 */
import type { Clock } from '../../domain/clock.ts'

export interface Demand {
  /** These are wanted now. */
  note(names: readonly string[]): void
  /** The least time between two fetches of one, in milliseconds, at so many units each. */
  everyMs(units: number): number
}

/** What was not asked for so long is not wanted any more. */
const WANTED_MS = 120_000
/** Of the budget, the rest being for everything else. */
const SHARE = 0.5
const LONGEST_MS = 300_000

export function createDemand(unitsPerMinute: number, clock: Pick<Clock, 'monotonic'>): Demand {
  /** Monotonic, least recently wanted first. */
  const wanted = new Map<string, number>()
  return {
    note(names) {
      const now = clock.monotonic()
      for (const name of names) {
        wanted.delete(name)
        wanted.set(name, now)
      }
      for (const [name, at] of wanted) {
        if (at > now - WANTED_MS) break
        wanted.delete(name)
      }
    },
    everyMs: (units) => Math.min(LONGEST_MS, (wanted.size * units * 60_000) / (SHARE * unitsPerMinute)),
  }
}
