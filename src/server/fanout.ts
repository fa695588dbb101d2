/**
 * Equal subscriptions share one execution. An operation is normalised to its printed document and its
 * coerced root arguments; the first reader opens the feed, each event is executed and serialised once, and
 * every reader gets the same bytes behind its own message id. What is a reader's own (`maxRate`, `after`,
 * its pace) is no part of the shared key and is applied on its side of the topic.
 *
 * Why: one graphql-js execution per reader and event is some 75 µs; sharing makes an event cost one
 * compiled write (~5 µs) plus a string append per reader, however many readers there are.
 */
import { getArgumentValues } from 'graphql'
import type { OperationDefinitionNode } from 'graphql'
import type { Clock } from '../domain/clock.ts'
import type { FacadeError } from '../domain/errors.ts'
import type { Feed, Stream } from '../facade/feed.ts'
import type { SubscriptionPlan, Variables } from './compile.ts'
import type { Prepared } from './documents.ts'
import type { Lane, Turn } from './lane.ts'
import { Reader } from './reader.ts'
import type { Counts, Payload } from './reader.ts'

/** Root arguments that are one reader's own. */
const PER_READER = new Set(['after', 'maxRate'])
const SWEEP_EVERY_MS = 1_000

export interface Subscribing {
  readonly prepared: Prepared
  readonly operation: OperationDefinitionNode
  readonly variables: Variables
  readonly context: unknown
  readonly lane: Lane
  /** The client's message id. */
  readonly id: string
  /** Executes one event with graphql-js, for what the compiler leaves to it. */
  readonly executeEvent: (event: object) => string
}

export interface Fanout {
  /**
   * Serves the subscription on its lane and returns an iterator that yields nothing, ends with the stream
   * and detaches on `return()`; null when the operation cannot be shared and graphql-js must run it.
   */
  subscribe(subscribing: Subscribing): AsyncIterableIterator<never> | null
  readonly counts: Readonly<Counts>
  topics(): number
  readers(): number
  queuedBytes(): number
  close(): void
}

export interface FanoutOptions {
  readonly clock: Clock
  readonly turn: Turn
  /** Called once per event, after it was written to the sockets of its readers. */
  readonly onServed: (event: object) => void
  /** A socket that takes nothing for too long: cut it off. */
  readonly onStuck: (lane: Lane) => void
}

export function createFanout(options: FanoutOptions): Fanout {
  const topics = new Map<string, Topic>()
  const counts: Counts = { executions: 0, deliveries: 0, conflations: 0, drops: 0, slowConsumers: 0 }
  const lanes = new Map<Lane, Set<Reader>>()
  const stopSweeping = options.clock.every(SWEEP_EVERY_MS, () => sweep(lanes, options))

  const attach = (lane: Lane, reader: Reader): void => {
    const readers = lanes.get(lane)
    if (readers !== undefined) return void readers.add(reader)
    const fresh = new Set([reader])
    lanes.set(lane, fresh)
    lane.onDrain = () => {
      for (const each of fresh) each.release()
    }
  }
  const detach = (lane: Lane, reader: Reader): void => {
    const readers = lanes.get(lane)
    readers?.delete(reader)
    if (readers?.size !== 0) return
    lanes.delete(lane)
    lane.onDrain = null
  }

  return {
    counts,
    topics: () => topics.size,
    readers: () => [...topics.values()].reduce((sum, topic) => sum + topic.size, 0),
    queuedBytes: () => [...lanes.keys()].reduce((sum, lane) => sum + lane.queuedBytes, 0),
    close: stopSweeping,
    subscribe(subscribing) {
      const { prepared, operation, variables, context, lane, id } = subscribing
      const plan = prepared.plan(operation, variables.coerced)?.subscription
      if (!plan) return null
      const args = getArgumentValues(plan.field, plan.node, variables)
      const stream = plan.field.subscribe?.(undefined, args, context, undefined as never)
      if (!isStream(stream)) return null

      const key = sharedKey(prepared, operation, plan, args, variables)
      const topic =
        topics.get(key) ??
        new Topic({
          feed: stream.feed,
          keyOf: stream.keyOf,
          plan,
          counts,
          options,
          execute: subscribing.executeEvent,
          onEmpty: () => topics.delete(key),
        })
      topics.set(key, topic)
      const parked = park(() => leave())
      const { resume } = stream
      const reader = new Reader({
        lane,
        id,
        stream,
        resume,
        clock: options.clock,
        counts,
        onEnd: (error) => (leave(), parked.end(error)),
      })
      const leave = (): void => {
        reader.close()
        topic.leave(reader)
        detach(lane, reader)
      }
      attach(lane, reader)
      topic.join(reader, resume)
      return parked.iterator
    },
  }
}

interface TopicOptions {
  readonly feed: Feed<object>
  readonly keyOf: (event: object) => string
  readonly plan: SubscriptionPlan
  readonly counts: Counts
  readonly options: FanoutOptions
  readonly execute: (event: object) => string
  readonly onEmpty: () => void
}

/** One distinct operation: one open feed, one execution per event, any number of readers. */
class Topic {
  readonly #topic: TopicOptions
  readonly #readers = new Set<Reader>()
  #stop: (() => void) | null = null
  #isOver = false
  #last: Payload | null = null

  constructor(topic: TopicOptions) {
    this.#topic = topic
  }

  get size(): number {
    return this.#readers.size
  }

  join(reader: Reader, resume: Stream<object>['resume']): void {
    for (const event of resume?.events ?? []) reader.offer(this.#payload(event))
    reader.follow()
    this.#readers.add(reader)
    if (this.#stop === null) {
      this.#stop = this.#topic.feed.open({
        next: (event) => this.#publish(event),
        end: (error) => this.#end(error),
      })
      if (this.#isOver) this.#stop()
    } else if (resume === null) {
      this.#present(reader)
    }
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return
    this.#stop?.()
    this.#stop = null
    this.#topic.onEmpty()
  }

  /** A reader that joins late first gets what the feed gives to whoever opens it: the present state. */
  #present(reader: Reader): void {
    let isPresent = true
    const stop = this.#topic.feed.open({
      next: (event) => {
        if (isPresent) reader.offer(this.#payload(event))
      },
      end: () => undefined,
    })
    isPresent = false
    stop()
  }

  #publish(event: object): void {
    const payload = this.#payload(event)
    for (const reader of this.#readers) reader.offer(payload)
    const { turn, onServed } = this.#topic.options
    turn.afterwards(() => onServed(event))
  }

  #payload(event: object): Payload {
    if (this.#last?.event === event) return this.#last
    const { plan, counts, keyOf } = this.#topic
    counts.executions++
    let text: string
    try {
      text = plan.write(event)
    } catch {
      text = this.#topic.execute(event)
    }
    return (this.#last = { event, key: keyOf(event), text })
  }

  #end(error: FacadeError | null): void {
    this.#isOver = true
    for (const reader of this.#readers) reader.end(error)
  }
}

function sharedKey(
  prepared: Prepared,
  operation: OperationDefinitionNode,
  plan: SubscriptionPlan,
  args: Readonly<Record<string, unknown>>,
  variables: Variables,
): string {
  const shared = Object.entries(args).filter(([name]) => !PER_READER.has(name))
  const switches = Object.entries(variables.coerced).filter(([, value]) => typeof value === 'boolean')
  return [plan.field.name, operation.name?.value, JSON.stringify([shared, switches]), prepared.text].join(
    '\n',
  )
}

/** Lets go of readers that stayed behind, and of sockets that take nothing at all. */
function sweep(lanes: ReadonlyMap<Lane, Set<Reader>>, { clock, onStuck }: FanoutOptions): void {
  const now = clock.monotonic()
  for (const [lane, readers] of lanes) {
    let isStuck = false
    for (const reader of readers) {
      if (reader.isBehind && reader.letGoIfBehind(now)) isStuck = lane.isCongested
    }
    if (isStuck) onStuck(lane)
  }
}

function isStream(value: unknown): value is Stream<object> {
  return typeof value === 'object' && value !== null && 'feed' in value && 'backlog' in value
}

/** An async iterator that stays parked until its stream ends or its owner returns it. */
function park(onReturn: () => void): {
  iterator: AsyncIterableIterator<never>
  end: (error: Error | null) => void
} {
  const done: IteratorResult<never> = { done: true, value: undefined }
  const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<never>>()
  promise.catch(() => undefined)
  const iterator: AsyncIterableIterator<never> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => promise,
    return: () => {
      onReturn()
      resolve(done)
      return Promise.resolve(done)
    },
  }
  return { iterator, end: (error) => (error === null ? resolve(done) : reject(error)) }
}
