/**
 * One reader's bounded queue as an async iterator, written by hand: `push` never waits and never throws,
 * and `return` answers a reader parked on a silent market at once (an async generator cannot).
 */
import type { Clock } from '../domain/clock.ts'
import { FacadeError } from '../domain/errors.ts'
import { EveryEvent, NewestOfKey, type Waiting } from './backlog.ts'
import type { Backlog } from './feed.ts'
import { Pace } from './pace.ts'

/** How long a reader may stay behind before it is let go. */
export const LET_GO_AFTER_MS = 10_000

export interface MailboxOptions<T> {
  readonly backlog: Backlog
  readonly keyOf: (event: T) => string
  /** Of each key, a second; conflating mailboxes only: where every event matters none is held back. */
  readonly maxRate: number | null
  readonly letGoAfterMs?: number
  /** Runs once, however the mailbox ends. */
  readonly closed: () => void
}

interface Parked<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (error: FacadeError) => void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class Mailbox<T> implements AsyncIterableIterator<T, undefined> {
  readonly #clock: Clock
  readonly #options: MailboxOptions<T>
  readonly #waiting: Waiting<T>
  readonly #parked: Parked<T>[] = []
  #first: readonly T[] = []
  #firstAt = 0
  #isClosed = false
  #hasLeft = false
  /** Undefined while the stream goes on; null when it ended well. */
  #ending: FacadeError | null | undefined
  #dropped = 0
  #letGo: (() => void) | null = null

  constructor(options: MailboxOptions<T>, clock: Clock) {
    this.#clock = clock
    this.#options = options
    const { backlog, keyOf, maxRate } = options
    this.#waiting =
      backlog.kind === 'every'
        ? new EveryEvent<T>(backlog.capacity)
        : new NewestOfKey<T>(keyOf, maxRate === null ? null : new Pace(clock, maxRate), () => this.#deliver())
  }

  /** Events refused because the reader was behind. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#first.length - this.#firstAt + this.#waiting.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Given to the reader before anything pushed, outside the bound: a resume. */
  preload(events: readonly T[]): void {
    this.#first = events
    this.#deliver()
  }

  push(event: T): void {
    if (this.#isClosed || this.#ending !== undefined) return
    if (!this.#waiting.put(event)) {
      this.#dropped += 1
      this.#letGo ??= this.#clock.after(this.#options.letGoAfterMs ?? LET_GO_AFTER_MS, () => this.#giveUp())
      return
    }
    if (this.#parked.length > 0) this.#deliver()
  }

  /** No more will be pushed. What waits is still delivered, then the end or the error. */
  finish(error: FacadeError | null): void {
    if (this.#isClosed || this.#ending !== undefined) return
    this.#ending = error
    this.#deliver()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isClosed) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject })
      this.#deliver()
    })
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#close()
    return Promise.resolve(DONE)
  }

  throw(error?: unknown): Promise<IteratorResult<T, undefined>> {
    this.#close()
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
  }

  #deliver(): void {
    while (this.#parked.length > 0 && !this.#isClosed) {
      const event = this.#take()
      if (event === undefined) break
      this.#parked.shift()!.resolve({ done: false, value: event })
    }
    if (this.#ending !== undefined && this.#parked.length > 0 && this.size === 0) this.#conclude(this.#ending)
  }

  #take(): T | undefined {
    if (this.#firstAt < this.#first.length) {
      const event = this.#first[this.#firstAt]
      this.#firstAt += 1
      if (this.#firstAt === this.#first.length) this.#dropFirst()
      return event
    }
    const event = this.#waiting.take()
    if (this.#letGo !== null && this.#hasCaughtUp()) this.#forgive()
    return event
  }

  #dropFirst(): void {
    this.#first = []
    this.#firstAt = 0
  }

  /** Half empty, not just below full: a reader that hovers at the brim has not caught up. */
  #hasCaughtUp(): boolean {
    const { backlog } = this.#options
    return backlog.kind === 'newest' || this.#waiting.size <= backlog.capacity / 2
  }

  #forgive(): void {
    this.#letGo?.()
    this.#letGo = null
  }

  #giveUp(): void {
    this.#letGo = null
    const error = new FacadeError('SLOW_CONSUMER', 'This reader stayed behind the stream and was let go')
    this.#waiting.clear()
    this.#dropFirst()
    this.#ending = error
    // The feed is left at once; the reader hears why when it asks for the next event.
    this.#leave()
    this.#deliver()
  }

  #conclude(error: FacadeError | null): void {
    const first = this.#parked.shift()
    if (error === null) first?.resolve(DONE)
    else first?.reject(error)
    this.#close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#forgive()
    this.#waiting.clear()
    this.#dropFirst()
    for (const reader of this.#parked.splice(0)) reader.resolve(DONE)
    this.#leave()
  }

  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#options.closed()
  }
}
