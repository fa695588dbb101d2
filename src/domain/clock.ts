/** Time, passed in. `now` is what the world calls it; `monotonic` is what ages and timeouts are measured with. */
import type { Instant } from './attribution.ts'

export interface Clock {
  /** Epoch milliseconds. May jump when the machine's clock is set. */
  now(): Instant
  /** Milliseconds from an arbitrary origin, never backwards. */
  monotonic(): number
  /** Runs once after `ms`; returns how to cancel. */
  after(ms: number, run: () => void): () => void
  /** Runs every `ms`; returns how to stop. */
  every(ms: number, run: () => void): () => void
}
