/**
 * Deltas waiting for the REST snapshot they will be joined to: contiguous, and never more than a bound.
 * What falls off the old end only means that a newer snapshot is needed.
 */
import type { BookDeltaEvent } from './event.ts'

/** Ten minutes of a venue that sends ten a second. */
const CAPACITY = 6_000

export class DeltaBuffer {
  #deltas: BookDeltaEvent[] = []

  /** The first id held; null when nothing waits. */
  get first(): number | null {
    return this.#deltas[0]?.first ?? null
  }

  get last(): number | null {
    return this.#deltas[this.#deltas.length - 1]?.last ?? null
  }

  get size(): number {
    return this.#deltas.length
  }

  push(delta: BookDeltaEvent): void {
    if (this.#deltas.length >= CAPACITY) this.#deltas = this.#deltas.slice(CAPACITY >> 1)
    this.#deltas.push(delta)
  }

  /** Hands over everything and is empty. */
  drain(): readonly BookDeltaEvent[] {
    const deltas = this.#deltas
    this.#deltas = []
    return deltas
  }

  clear(): void {
    if (this.#deltas.length > 0) this.#deltas = []
  }
}
