/** What waits for one reader: the newest of each key, or every event up to a capacity. Never more than its bound. */
import { Pace } from './pace.ts'

export interface Waiting<T> {
  /** False: it was full and the event is gone. */
  put(event: T): boolean
  /** Undefined when nothing may be delivered now. */
  take(): T | undefined
  readonly size: number
  readonly isFull: boolean
  clear(): void
}

/** Newer events replace older ones of their key and keep their place in the order of arrival. */
export class NewestOfKey<T> implements Waiting<T> {
  readonly isFull = false
  readonly #keyOf: (event: T) => string
  readonly #pace: Pace | null
  readonly #wake: () => void
  readonly #ready = new Map<string, T>()
  readonly #held = new Map<string, T>()

  constructor(keyOf: (event: T) => string, pace: Pace | null, wake: () => void) {
    this.#keyOf = keyOf
    this.#pace = pace
    this.#wake = wake
  }

  get size(): number {
    return this.#ready.size + this.#held.size
  }

  put(event: T): boolean {
    const key = this.#keyOf(event)
    const pace = this.#pace
    if (pace === null || this.#ready.has(key) || pace.isOpen(key)) {
      this.#held.delete(key)
      this.#ready.set(key, event)
      return true
    }
    this.#held.set(key, event)
    pace.wait(key, () => this.#release(key))
    return true
  }

  take(): T | undefined {
    for (const [key, event] of this.#ready) {
      this.#ready.delete(key)
      this.#pace?.note(key)
      return event
    }
    return undefined
  }

  clear(): void {
    this.#ready.clear()
    this.#held.clear()
    this.#pace?.close()
  }

  #release(key: string): void {
    const event = this.#held.get(key)
    if (event === undefined) return
    this.#held.delete(key)
    this.#ready.set(key, event)
    this.#wake()
  }
}

/** First in, first out; when full the newest is refused, so that what was promised still arrives in order. */
export class EveryEvent<T> implements Waiting<T> {
  readonly #capacity: number
  #events: T[] = []
  #head = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#events.length - this.#head
  }

  get isFull(): boolean {
    return this.size >= this.#capacity
  }

  put(event: T): boolean {
    if (this.isFull) return false
    this.#events.push(event)
    return true
  }

  take(): T | undefined {
    if (this.size === 0) return undefined
    const event = this.#events[this.#head]
    this.#head += 1
    if (this.#head === this.#events.length || this.#head >= this.#capacity) this.#compact()
    return event
  }

  clear(): void {
    this.#events = []
    this.#head = 0
  }

  #compact(): void {
    this.#events = this.#events.slice(this.#head)
    this.#head = 0
  }
}
