/** How late the event loop is: how long past its time a timer ran, or should have run by now. */
import type { Clock } from '../domain/clock.ts'

export interface Lag {
  /** Milliseconds. */
  now(): number
  /** The least of the last looks: one long task stalls a loop once, and only overload keeps it late. */
  standing(): number
  stop(): void
}

const LOOK_EVERY_MS = 100
const LOOKS = 3

export function watchLag(clock: Clock): Lag {
  let lookedAt = clock.monotonic()
  let latest: readonly number[] = Array<number>(LOOKS).fill(0)
  const stop = clock.every(LOOK_EVERY_MS, () => {
    const now = clock.monotonic()
    latest = [...latest.slice(1), Math.max(0, now - lookedAt - LOOK_EVERY_MS)]
    lookedAt = now
  })
  return {
    now: () => Math.max(latest.at(-1) ?? 0, clock.monotonic() - lookedAt - LOOK_EVERY_MS),
    standing: () => Math.min(...latest),
    stop,
  }
}
