/** Streams as resolvers hand them out: a feed, how to serve it, and a plain async iterator over a mailbox. */
import type { Clock } from '../domain/clock.ts'
import type { Backlog, Feed, Stream } from './feed.ts'
import { Mailbox } from './mailbox.ts'

export { topic, type Topic, type TopicOptions } from './topic.ts'

export type Resume<T> = NonNullable<Stream<T>['resume']>

export interface StreamParts<T> {
  readonly feed: Feed<T>
  readonly backlog: Backlog
  readonly keyOf: (event: T) => string
  readonly maxRate?: number | null
  /**
   * A function is asked each time a reader opens, so that nothing is published between the two; a value
   * must be what is held at the moment the stream is opened.
   */
  readonly resume?: Resume<T> | (() => Resume<T> | null) | null
  /** How long an `every` reader may stay behind. */
  readonly letGoAfterMs?: number
}

export const streamOf = <T>(parts: StreamParts<T>, clock: Clock): Stream<T> => {
  const { feed, backlog, keyOf, maxRate = null, resume = null, letGoAfterMs } = parts
  const stream: Stream<T> = {
    feed,
    backlog,
    keyOf,
    maxRate,
    get resume() {
      return typeof resume === 'function' ? resume() : resume
    },
    [Symbol.asyncIterator]: () => {
      let leave: (() => void) | null = null
      const pace = letGoAfterMs === undefined ? {} : { letGoAfterMs }
      const mailbox = new Mailbox<T>({ backlog, keyOf, maxRate, ...pace, closed: () => leave?.() }, clock)
      const resumed = stream.resume
      if (resumed !== null) mailbox.preload(resumed.events)
      leave = feed.open({
        next: (event) => {
          if (resumed === null || resumed.isNew(event)) mailbox.push(event)
        },
        end: (error) => mailbox.finish(error),
      })
      if (mailbox.isClosed) leave()
      return mailbox
    },
  }
  return stream
}
