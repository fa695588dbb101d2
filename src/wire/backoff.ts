/** When to try again: growing waits with jitter, and never more attempts a minute than the venue bears. */
import type { Clock } from '../domain/clock.ts'

const BASE_MS = 250
const CAP_MS = 10_000
/**
 * Anything from nothing to the ceiling while it grows. At the cap only its last quarter, so that a venue
 * that refuses for ten minutes sees fewer than eighty attempts and is still found within seconds.
 */
const LEAST_OF_CAP = 0.75

/** Milliseconds to wait after `failures` failures in a row (1 or more); `random` in [0, 1). */
export const backoffMs = (failures: number, random: number): number => {
  const ceiling = BASE_MS * 2 ** Math.min(failures - 1, 16)
  return ceiling < CAP_MS ? random * ceiling : CAP_MS * (LEAST_OF_CAP + (1 - LEAST_OF_CAP) * random)
}

/** Attempts of one address at one venue; links to the same venue share it. */
export class ConnectGate {
  readonly #clock: Clock
  readonly #perMinute: number
  #taken: number[] = []

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock
    this.#perMinute = Math.max(1, perMinute)
  }

  /** Takes the next free place and says how long it is away. */
  reserve(afterMs: number): number {
    const now = this.#clock.monotonic()
    this.#taken = this.#taken.filter((at) => at > now - 60_000)
    let at = now + afterMs
    const limiting = this.#taken[this.#taken.length - this.#perMinute]
    if (limiting !== undefined) at = Math.max(at, limiting + 60_000)
    this.#taken.push(at)
    this.#taken.sort((a, b) => a - b)
    return at - now
  }
}
