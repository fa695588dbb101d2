/** One distinct subscription: one open feed, one execution per event, any number of readers. */
import { FacadeError } from '../domain/errors.ts'
import type { Feed } from '../facade/feed.ts'
import type { SubscriptionPlan } from './compile.ts'
import type { Counts, Payload, Reader } from './reader.ts'
import { flat } from './remembered.ts'

const MOST_PRESENTED = 1_000

export interface TopicOptions {
  readonly feed: Feed<object>
  readonly keyOf: (event: object) => string
  readonly plan: SubscriptionPlan
  readonly counts: Counts
  /** An event was given to the readers. */
  readonly onPublished: (event: object) => void
  readonly onEmpty: () => void
}

export class Topic {
  readonly #options: TopicOptions
  readonly #readers = new Set<Reader>()
  #stop: (() => void) | null = null
  #isOver = false
  /** What newcomers were given as the present state, by key. Nothing else is kept: it would only grow old. */
  readonly #presented = new Map<string, Payload>()

  constructor(options: TopicOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#readers.size
  }

  join(reader: Reader): void {
    if (reader.isResuming) reader.release()
    else if (this.#stop !== null) this.#present(reader)
    // Only now: what opening the feed makes it tell everyone is already in what it tells the newcomer.
    this.#readers.add(reader)
    if (this.#stop === null) this.#open()
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return
    this.#stop?.()
    this.#stop = null
    this.#options.onEmpty()
  }

  readonly payloadOf = (event: object): Payload => {
    const { plan, counts, keyOf } = this.#options
    counts.executions++
    const body = bodyOf(plan, event)
    // One reader's frame is laid out as it is written; for several it is done once, here.
    return { event, key: keyOf(event), body: body !== null && this.#readers.size > 1 ? flat(body) : body }
  }

  #open(): void {
    const stop = this.#options.feed.open({
      next: (event) => this.#publish(event),
      end: (error) => this.#end(error),
    })
    if (this.#isOver) stop()
    else this.#stop = stop
  }

  /** A reader that joins late first gets what the feed gives to whoever opens it: the present state. */
  #present(reader: Reader): void {
    let isPresent = true
    const stop = this.#options.feed.open({
      next: (event) => {
        if (isPresent) reader.offer(this.#presentPayload(event))
      },
      end: () => undefined,
    })
    isPresent = false
    stop()
  }

  #presentPayload(event: object): Payload {
    const known = this.#presented.get(this.#options.keyOf(event))
    if (known?.event === event) return known
    const fresh = this.payloadOf(event)
    if (this.#presented.size >= MOST_PRESENTED) this.#presented.clear()
    this.#presented.set(fresh.key, fresh)
    return fresh
  }

  /** Feeds do not expect a reader to throw; one that did would cost the others the event. */
  #publish(event: object): void {
    try {
      const payload = this.payloadOf(event)
      if (this.#presented.size > 0) this.#presented.delete(payload.key)
      for (const reader of this.#readers) reader.offer(payload)
      this.#options.onPublished(event)
    } catch {
      this.#stop?.()
      this.#end(new FacadeError('INTERNAL_SERVER_ERROR', 'An event could not be delivered'))
    }
  }

  #end(error: FacadeError | null): void {
    this.#isOver = true
    for (const reader of this.#readers) reader.finish(error)
  }
}

function bodyOf(plan: SubscriptionPlan, event: object): string | null {
  try {
    return `${plan.write(event)}}`
  } catch {
    return null
  }
}
