/** How often each key may be delivered: the first at once, then at most so many a second, the newest at last. */
import type { Clock } from '../domain/clock.ts'

interface Turn {
  opensAt: number
  cancel: (() => void) | null
}

export class Pace {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #turns = new Map<string, Turn>()

  constructor(clock: Clock, maxRate: number) {
    this.#clock = clock
    this.#everyMs = 1000 / maxRate
  }

  isOpen(key: string): boolean {
    const turn = this.#turns.get(key)
    return turn === undefined || turn.opensAt <= this.#clock.monotonic()
  }

  /** This key was delivered now. */
  note(key: string): void {
    const opensAt = this.#clock.monotonic() + this.#everyMs
    const turn = this.#turns.get(key)
    if (turn === undefined) this.#turns.set(key, { opensAt, cancel: null })
    else turn.opensAt = opensAt
  }

  /** Runs once when the key's turn comes; a second call before that changes nothing. */
  wait(key: string, run: () => void): void {
    const turn = this.#turns.get(key)
    if (turn === undefined || turn.cancel !== null) return
    const fire = (): void => {
      turn.cancel = null
      const left = turn.opensAt - this.#clock.monotonic()
      if (left > 0) turn.cancel = this.#clock.after(left, fire)
      else run()
    }
    turn.cancel = this.#clock.after(Math.max(0, turn.opensAt - this.#clock.monotonic()), fire)
  }

  close(): void {
    for (const turn of this.#turns.values()) turn.cancel?.()
    this.#turns.clear()
  }
}
