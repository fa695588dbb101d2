/**
 * One subscription of one client, fed by a shared topic. Hides everything that is this reader's own: its
 * message id, its `maxRate`, what it resumes from, and how far it is behind. Never waits, never throws.
 */
import type { Clock } from '../domain/clock.ts'
import { FacadeError } from '../domain/errors.ts'
import type { Stream } from '../facade/feed.ts'
import type { Lane } from './lane.ts'

/** One event, executed and serialised once for all readers. */
export interface Payload {
  readonly event: object
  readonly key: string
  /** The execution result's JSON, in ASCII. */
  readonly text: string
}

export interface Counts {
  executions: number
  deliveries: number
  conflations: number
  drops: number
  slowConsumers: number
}

/** A reader behind for longer is let go. */
const LET_GO_AFTER_MS = 10_000

export interface ReaderOptions {
  readonly lane: Lane
  readonly id: string
  readonly stream: Stream<object>
  readonly resume: Stream<object>['resume']
  readonly clock: Clock
  readonly counts: Counts
  /** Tells the client why it is let go, or that the stream is over (null). */
  readonly onEnd: (error: FacadeError | null) => void
}

export class Reader {
  readonly #options: ReaderOptions
  readonly #head: string
  readonly #everyMs: number
  /** Held back: by key where the newest suffices, else in order. Allocated when first needed. */
  #newest: Map<string, Payload> | null = null
  #queue: Payload[] | null = null
  #sentAt: Map<string, number> | null = null
  #behindSince: number | null = null
  #cancelTimer: (() => void) | null = null
  /** Set while the feed may still repeat what the resume has already given. */
  #isNew: ((event: object) => boolean) | null = null

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#head = `{"id":${JSON.stringify(options.id)},"type":"next","payload":`
    this.#everyMs = options.stream.maxRate === null ? 0 : 1_000 / options.stream.maxRate
  }

  /** What it resumes from has been offered; from here on only news of the feed counts. */
  follow(): void {
    this.#isNew = this.#options.resume?.isNew ?? null
  }

  offer(payload: Payload): void {
    const { stream, lane, counts } = this.#options
    if (this.#isNew !== null) {
      if (!this.#isNew(payload.event)) return
      this.#isNew = null
    }
    if (stream.backlog.kind === 'every') {
      if (this.#queue === null && !lane.isCongested) return this.#send(payload)
      this.#queue ??= []
      if (this.#queue.length < stream.backlog.capacity) this.#queue.push(payload)
      else counts.drops++
      this.#noteBehind()
      return
    }
    if (!lane.isCongested && this.#isDue(payload.key)) return this.#send(payload)
    if (lane.isCongested) this.#noteBehind()
    this.#newest ??= new Map()
    if (this.#newest.has(payload.key)) counts.conflations++
    this.#newest.set(payload.key, payload)
    this.#armTimer()
  }

  /** Sends what was held back, as far as the socket and the rate allow. */
  release(): void {
    const { lane } = this.#options
    if (this.#queue !== null) {
      let sent = 0
      while (sent < this.#queue.length && !lane.isCongested) this.#send(this.#queue[sent++] as Payload)
      this.#queue = sent === this.#queue.length ? null : this.#queue.slice(sent)
    }
    for (const [key, payload] of this.#newest ?? []) {
      if (lane.isCongested) break
      if (!this.#isDue(key)) continue
      this.#newest?.delete(key)
      this.#send(payload)
    }
    if (this.#newest?.size === 0) this.#newest = null
    if (this.#queue === null && !lane.isCongested) this.#behindSince = null
    this.#armTimer()
  }

  /** Lets the reader go when it has been behind for too long; true when it did. */
  letGoIfBehind(now: number): boolean {
    if (this.#behindSince === null || now - this.#behindSince < LET_GO_AFTER_MS) return false
    this.#options.counts.slowConsumers++
    this.end(
      new FacadeError(
        'SLOW_CONSUMER',
        'This subscriber was behind for more than ten seconds and was let go.',
      ),
    )
    return true
  }

  get isBehind(): boolean {
    return this.#behindSince !== null
  }

  end(error: FacadeError | null): void {
    this.#options.lane.flush()
    this.close()
    this.#options.onEnd(error)
  }

  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#newest = null
    this.#queue = null
  }

  #send(payload: Payload): void {
    if (this.#everyMs > 0) {
      this.#sentAt ??= new Map()
      this.#sentAt.set(payload.key, this.#options.clock.monotonic())
    }
    this.#options.counts.deliveries++
    this.#options.lane.send(this.#head, payload.text, '}')
  }

  #isDue(key: string): boolean {
    const sentAt = this.#everyMs === 0 ? undefined : this.#sentAt?.get(key)
    return sentAt === undefined || this.#options.clock.monotonic() - sentAt >= this.#everyMs
  }

  #noteBehind(): void {
    this.#behindSince ??= this.#options.clock.monotonic()
  }

  #armTimer(): void {
    if (this.#everyMs === 0 || this.#newest === null || this.#cancelTimer !== null) return
    const now = this.#options.clock.monotonic()
    let wait = this.#everyMs
    for (const key of this.#newest.keys()) {
      wait = Math.min(wait, Math.max(1, (this.#sentAt?.get(key) ?? now) + this.#everyMs - now))
    }
    this.#cancelTimer = this.#options.clock.after(wait, () => {
      this.#cancelTimer = null
      if (!this.#options.lane.isCongested) this.release()
    })
  }
}
