/** How late the event loop is: how long past its time a timer ran, or should have run by now. */
import type { Clock } from '../domain/clock.ts'

export interface Lag {
  /** Milliseconds. */
  now(): number
  stop(): void
}

const LOOK_EVERY_MS = 100

export function watchLag(clock: Clock): Lag {
  let lookedAt = clock.monotonic()
  let latest = 0
  const stop = clock.every(LOOK_EVERY_MS, () => {
    const now = clock.monotonic()
    latest = Math.max(0, now - lookedAt - LOOK_EVERY_MS)
    lookedAt = now
  })
  return { now: () => Math.max(latest, clock.monotonic() - lookedAt - LOOK_EVERY_MS), stop }
}
