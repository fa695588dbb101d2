/** A clock that only moves when a test turns it. Timers fire in order, at their own instants. */
import type { Clock } from '../../src/domain/clock.ts'

interface Timer {
  at: number
  readonly everyMs: number | null
  readonly run: () => void
}

export class TestClock implements Clock {
  #wall: number
  #elapsed = 0
  readonly #timers = new Set<Timer>()

  constructor(wall = Date.UTC(2026, 0, 2, 3, 4, 5, 678)) {
    this.#wall = wall
  }

  now(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(ms: number, run: () => void): () => void {
    return this.#schedule({ at: this.#elapsed + ms, everyMs: null, run })
  }

  every(ms: number, run: () => void): () => void {
    return this.#schedule({ at: this.#elapsed + ms, everyMs: ms, run })
  }

  /** Sets the wall clock without any time passing, as an operator or NTP would. */
  setWall(at: number): void {
    this.#wall = at
  }

  /** Lets `ms` pass, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    for (;;) {
      const due = this.#next(end)
      if (due === null) break
      this.#move(due.at)
      if (due.everyMs === null) this.#timers.delete(due)
      else due.at += due.everyMs
      due.run()
    }
    this.#move(end)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  #schedule(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  #next(end: number): Timer | null {
    let first: Timer | null = null
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === null || timer.at < first.at)) first = timer
    }
    return first
  }

  #move(to: number): void {
    this.#wall += to - this.#elapsed
    this.#elapsed = to
  }
}
