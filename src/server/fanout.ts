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
import type { Stream } from '../facade/feed.ts'
import type { SubscriptionPlan } from './compile.ts'
import type { Variables } from './page.ts'
import type { Prepared } from './documents.ts'
import type { Lane, Turn } from './lane.ts'
import { park } from './park.ts'
import { Reader } from './reader.ts'
import type { Counts } from './reader.ts'
import { Topic } from './topic.ts'

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
  /** Executes one event for this reader with graphql-js, for what the compiler leaves to it. */
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
  /** Sockets with readers. */
  lanes(): number
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
  const onPublished = servedOnce(options)
  const stopSweeping = options.clock.every(SWEEP_EVERY_MS, () => sweep(lanes, options))

  const topicOf = (key: string, plan: SubscriptionPlan, { feed, keyOf }: Stream<object>): Topic => {
    const known = topics.get(key)
    if (known !== undefined) return known
    const topic = new Topic({ feed, keyOf, plan, counts, onPublished, onEmpty: () => topics.delete(key) })
    topics.set(key, topic)
    return topic
  }

  return {
    counts,
    topics: () => topics.size,
    readers: () => [...topics.values()].reduce((sum, topic) => sum + topic.size, 0),
    lanes: () => lanes.size,
    queuedBytes: () => [...lanes.keys()].reduce((sum, lane) => sum + lane.queuedBytes, 0),
    close: stopSweeping,
    subscribe(subscribing) {
      const { prepared, operation, variables, context, lane, id, executeEvent } = subscribing
      const plan = prepared.plan(operation, variables.coerced)?.subscription
      if (!plan) return null
      const args = getArgumentValues(plan.field, plan.node, variables)
      const stream = plan.field.subscribe?.(undefined, args, context, undefined as never)
      if (!isStream(stream)) return null

      const topic = topicOf(sharedKey(subscribing, args), plan, stream)
      const leave = (): void => {
        reader.close()
        topic.leave(reader)
        detach(lanes, lane, reader)
      }
      const parked = park(leave)
      const onEnd = (error: FacadeError | null): void => (leave(), parked.end(error))
      const { clock } = options
      const { payloadOf } = topic
      const reader = new Reader({ lane, id, stream, clock, counts, payloadOf, executeEvent, onEnd })
      attach(lanes, lane, reader)
      topic.join(reader)
      return parked.iterator
    },
  }
}

type Lanes = Map<Lane, Set<Reader>>

function attach(lanes: Lanes, lane: Lane, reader: Reader): void {
  const readers = lanes.get(lane)
  if (readers !== undefined) return void readers.add(reader)
  const fresh = new Set([reader])
  lanes.set(lane, fresh)
  lane.onDrain = () => {
    for (const each of fresh) each.release()
  }
}

function detach(lanes: Lanes, lane: Lane, reader: Reader): void {
  const readers = lanes.get(lane)
  readers?.delete(reader)
  if (readers?.size !== 0) return
  lanes.delete(lane)
  lane.onDrain = null
}

/** Lets go of readers that stayed behind, and of sockets that take nothing at all. */
function sweep(lanes: Lanes, { clock, onStuck }: FanoutOptions): void {
  const now = clock.monotonic()
  for (const [lane, readers] of lanes) {
    let isStuck = false
    for (const reader of readers) {
      if (reader.isBehind && reader.letGoIfBehind(now)) isStuck ||= lane.isCongested
    }
    if (isStuck) onStuck(lane)
  }
}

/** Tells of an event once its turn is written, however many operations it was written for. */
function servedOnce({ turn, onServed }: FanoutOptions): (event: object) => void {
  const published = new Set<object>()
  const tell = (): void => {
    for (const event of published) onServed(event)
    published.clear()
  }
  return (event) => {
    if (published.size === 0) turn.afterwards(tell)
    published.add(event)
  }
}

function sharedKey(
  { prepared, operation, variables }: Subscribing,
  args: Readonly<Record<string, unknown>>,
): string {
  const shared = Object.entries(args).filter(([name]) => !PER_READER.has(name))
  const switches = Object.entries(variables.coerced).filter(([, value]) => typeof value === 'boolean')
  return [operation.name?.value, JSON.stringify([shared, switches]), prepared.text].join('\n')
}

function isStream(value: unknown): value is Stream<object> {
  return typeof value === 'object' && value !== null && 'feed' in value && 'backlog' in value
}
