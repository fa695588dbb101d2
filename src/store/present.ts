/**
 * A store that shows nothing from the future. When the machine's clock is set back, what was written before would
 * stay fresh until the clock has caught up; so it counts as absent, and is fetched again.
 */
import type { Clock } from '../domain/clock.ts'
import type { Entry, Store } from './store.ts'

/** Clocks of several processes on one store may differ by this much. */
const SKEW_MS = 5_000

export function presentOnly(store: Store, clock: Clock): Store {
  return {
    ...store,
    async getMany(keys) {
      const entries = await store.getMany(keys)
      const until = clock.now() + SKEW_MS
      const isFuture = (entry: Entry | null): boolean => entry !== null && entry.cachedAt > until
      return entries.some(isFuture) ? entries.map((entry) => (isFuture(entry) ? null : entry)) : entries
    },
  }
}
