/**
 * One subscription of one client, fed by a shared topic. Hides everything that is this reader's own: its
 * message id, its `maxRate`, what it resumes from, and how far it is behind. Never waits, never throws.
 */
import type { Clock } from '../domain/clock.ts'
import { FacadeError } from '../domain/errors.ts'
import type { Stream } from '../facade/feed.ts'
import type { Lane } from './lane.ts'
import { quoted } from './leaf.ts'

/** One event, executed and serialised once for all readers. */
export interface Payload {
  readonly event: object
  readonly key: string
  /**
   * The end of the message: the execution result's JSON and the closing brace, in ASCII. Null when executing the
   * event meets an error, which every reader is told under its own request id.
   */
  readonly body: string | null
}

export interface Counts {
  executions: number
  deliveries: number
  conflations: number
  drops: number
  slowConsumers: number
}

/** A reader behind for longer is let go. */
export const LET_GO_AFTER_MS = 10_000

export interface ReaderOptions {
  readonly lane: Lane
  readonly id: string
  readonly stream: Stream<object>
  readonly clock: Clock
  readonly counts: Counts
  /** The shared execution of an event. */
  readonly payloadOf: (event: object) => Payload
  /** Executes an event for this reader alone. */
  readonly executeEvent: (event: object) => string
  /** Tells the client why it is let go, or that the stream is over (null). */
  readonly onEnd: (error: FacadeError | null) => void
}

export class Reader {
  readonly #options: ReaderOptions
  readonly #lane: Lane
  readonly #head: string
  readonly #isEvery: boolean
  readonly #everyMs: number
  readonly #resume: Stream<object>['resume']
  /** What it resumes from and has not been sent yet; outside the bound, and executed only when sent. */
  #past: readonly object[]
  #pastAt = 0
  /** Held back: in order where every event matters, else the newest by key. Allocated when first needed. */
  #queue: Payload[] | null = null
  #newest: Map<string, Payload> | null = null
  #sentAt: Map<string, number> | null = null
  #behindSince: number | null = null
  #cancelTimer: (() => void) | null = null
  /** Undefined while the stream goes on; then its end, told once nothing is held back any more. */
  #ending: FacadeError | null | undefined
  #isClosed = false

  constructor(options: ReaderOptions) {
    const { lane, id, stream } = options
    this.#options = options
    this.#lane = lane
    this.#head = `{"id":${quoted(id)},"type":"next","payload":`
    this.#isEvery = stream.backlog.kind === 'every'
    this.#everyMs = stream.maxRate === null || this.#isEvery ? 0 : 1_000 / stream.maxRate
    this.#resume = stream.resume
    const past = this.#resume?.events ?? NONE
    this.#past = past.length === 0 ? NONE : past
  }

  get isResuming(): boolean {
    return this.#resume !== null
  }

  get isBehind(): boolean {
    return this.#behindSince !== null
  }

  offer(payload: Payload): void {
    if (this.#resume !== null && !this.#resume.isNew(payload.event)) return
    if (this.#isEvery) this.#offerEvery(payload)
    else this.#offerNewest(payload)
  }

  /** Sends what was held back, as far as the socket and the rate allow. */
  release(): void {
    if (this.#isClosed) return
    this.#releasePast()
    this.#releaseQueue()
    this.#releaseNewest()
    if (this.#past === NONE && this.#queue === null && !this.#lane.isCongested) this.#behindSince = null
    if (this.#ending !== undefined && !this.#isHolding) this.#conclude(this.#ending)
    else this.#armTimer()
  }

  /** The stream is over. What is held back still comes first. */
  finish(error: FacadeError | null): void {
    if (this.#isClosed || this.#ending !== undefined) return
    if (this.#isHolding) this.#ending = error
    else this.#conclude(error)
  }

  /** Lets the reader go when it has been behind for too long; true when it did. */
  letGoIfBehind(now: number): boolean {
    if (this.#behindSince === null || now - this.#behindSince < LET_GO_AFTER_MS) return false
    this.#options.counts.slowConsumers++
    this.#conclude(new FacadeError('SLOW_CONSUMER', 'This reader stayed behind the stream and was let go'))
    return true
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#past = NONE
    this.#queue = null
    this.#newest = null
  }

  get #isHolding(): boolean {
    return this.#past !== NONE || this.#queue !== null || this.#newest !== null
  }

  #conclude(error: FacadeError | null): void {
    this.close()
    this.#options.onEnd(error)
  }

  /** Like the mailbox of an unshared stream: the newest is refused when full, and leaves a hole in the numbers. */
  #offerEvery(payload: Payload): void {
    if (this.#queue === null && this.#past === NONE && !this.#lane.isCongested) {
      return this.#send(payload)
    }
    const { backlog } = this.#options.stream
    this.#queue ??= []
    if (backlog.kind === 'newest' || this.#queue.length < backlog.capacity) this.#queue.push(payload)
    else this.#options.counts.drops++
    this.#noteBehind()
  }

  #offerNewest(payload: Payload): void {
    const isCongested = this.#lane.isCongested
    if (isCongested) this.#noteBehind()
    else if (this.#isDue(payload.key)) {
      if (this.#newest?.delete(payload.key) && this.#newest.size === 0) this.#newest = null
      return this.#send(payload)
    }
    this.#newest ??= new Map()
    if (this.#newest.has(payload.key)) this.#options.counts.conflations++
    this.#newest.set(payload.key, payload)
    this.#armTimer()
  }

  #releasePast(): void {
    if (this.#past === NONE) return
    while (this.#pastAt < this.#past.length && !this.#lane.isCongested) {
      this.#send(this.#options.payloadOf(this.#past[this.#pastAt++] as object))
    }
    if (this.#pastAt < this.#past.length) return this.#noteBehind()
    this.#past = NONE
    this.#pastAt = 0
  }

  #releaseQueue(): void {
    if (this.#queue === null || this.#past !== NONE) return
    let sent = 0
    while (sent < this.#queue.length && !this.#lane.isCongested) this.#send(this.#queue[sent++] as Payload)
    this.#queue = sent === this.#queue.length ? null : this.#queue.slice(sent)
  }

  #releaseNewest(): void {
    if (this.#newest === null) return
    for (const [key, payload] of this.#newest) {
      if (this.#lane.isCongested) break
      if (!this.#isDue(key)) continue
      this.#newest.delete(key)
      this.#send(payload)
    }
    if (this.#newest.size === 0) this.#newest = null
  }

  #send({ event, key, body }: Payload): void {
    if (this.#everyMs > 0) {
      this.#sentAt ??= new Map()
      this.#sentAt.set(key, this.#options.clock.monotonic())
    }
    this.#options.counts.deliveries++
    this.#lane.send(this.#head, body ?? `${this.#options.executeEvent(event)}}`)
  }

  #isDue(key: string): boolean {
    if (this.#everyMs === 0) return true
    const sentAt = this.#sentAt?.get(key)
    return sentAt === undefined || this.#options.clock.monotonic() - sentAt >= this.#everyMs
  }

  #noteBehind(): void {
    this.#behindSince ??= this.#options.clock.monotonic()
  }

  /** Wakes when the first of the held keys may be sent again; without a rate the socket's `drain` does. */
  #armTimer(): void {
    if (this.#everyMs === 0 || this.#newest === null || this.#cancelTimer !== null) return
    const now = this.#options.clock.monotonic()
    let wait = this.#everyMs
    for (const key of this.#newest.keys()) {
      wait = Math.min(wait, Math.max(1, (this.#sentAt?.get(key) ?? now) + this.#everyMs - now))
    }
    this.#cancelTimer = this.#options.clock.after(wait, () => {
      this.#cancelTimer = null
      if (!this.#lane.isCongested) this.release()
    })
  }
}

const NONE: readonly object[] = []
