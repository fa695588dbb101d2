/** Frames in order and no faster than a venue takes them. Holds them until it is started. */
import type { Clock } from '../domain/clock.ts'

export class PacedSender {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #write: (frame: string) => void
  #frames: string[] = []
  #isStarted = false
  #opensAt = 0
  #cancel: (() => void) | null = null

  constructor(clock: Clock, perSecond: number, write: (frame: string) => void) {
    this.#clock = clock
    this.#everyMs = 1_000 / perSecond
    this.#write = write
  }

  start(): void {
    this.#isStarted = true
    this.#drain()
  }

  send(frame: string): void {
    this.#frames.push(frame)
    this.#drain()
  }

  /** What waits is dropped, and no timer is left. */
  stop(): void {
    this.#isStarted = false
    this.#cancel?.()
    this.#cancel = null
    this.#frames = []
  }

  #drain(): void {
    while (this.#isStarted && this.#cancel === null && this.#frames.length > 0) {
      const waitMs = this.#opensAt - this.#clock.monotonic()
      if (waitMs > 0) this.#wait(waitMs)
      else {
        this.#opensAt = this.#clock.monotonic() + this.#everyMs
        this.#write(this.#frames.shift()!)
      }
    }
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = null
      this.#drain()
    })
  }
}
