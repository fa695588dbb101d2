import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { FacadeError } from '../../src/domain/errors.ts'
import type { Backlog, Stream } from '../../src/facade/feed.ts'
import { streamOf, topic } from '../../src/facade/stream.ts'
import { Lane, Turn } from '../../src/server/lane.ts'
import { Reader } from '../../src/server/reader.ts'
import type { Payload } from '../../src/server/reader.ts'
import { TestClock } from '../support/clock.ts'

interface Event {
  readonly key: string
  readonly n: number
}

interface Case {
  readonly backlog: Backlog
  readonly maxRate?: number
  readonly past?: readonly Event[]
}

function sit({ backlog, maxRate, past }: Case) {
  const clock = new TestClock()
  const counts = { executions: 0, deliveries: 0, conflations: 0, drops: 0, slowConsumers: 0 }
  const sent: string[] = []
  let taken: (() => void) | null = null
  const peer = {
    isTaking: true,
    take() {
      this.isTaking = true
      taken?.()
    },
  }
  const socket = new Writable({
    decodeStrings: false,
    highWaterMark: 1,
    write(chunk: string, _encoding, done) {
      sent.push(...[...chunk.matchAll(/"payload":(\w+)/g)].map((match) => match[1] as string))
      if (peer.isTaking) done()
      else taken = done
    },
  })
  const lane = new Lane(socket, new Turn())
  const resume = past === undefined ? null : { events: past, isNew: (event: Event) => event.n > past.length }
  const stream = streamOf(
    { feed: topic<Event>(), backlog, keyOf: (event) => event.key, maxRate: maxRate ?? null, resume },
    clock,
  ) as unknown as Stream<object>
  const endings: (FacadeError | null)[] = []
  const payloadOf = (event: object): Payload => {
    const { key, n } = event as Event
    return { event, key, body: `${key}${n}}` }
  }
  const executeEvent = () => 'alone'
  const onEnd = (error: FacadeError | null) => void endings.push(error)
  const reader = new Reader({ lane, id: '1', stream, clock, counts, payloadOf, executeEvent, onEnd })
  lane.onDrain = () => reader.release()
  const offer = (key: string, n: number) => reader.offer(payloadOf({ key, n }))
  const turnEnds = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  return { clock, counts, sent, peer, reader, offer, endings, turnEnds }
}

const NEWEST: Backlog = { kind: 'newest' }
const EVERY: Backlog = { kind: 'every', capacity: 3 }

describe('a reader of a book', () => {
  it('is given the newest of each key once it reads again, in the order the keys first waited', async () => {
    const { sent, peer, offer, turnEnds, counts } = sit({ backlog: NEWEST })
    peer.isTaking = false
    offer('a', 1)
    await turnEnds()
    for (const [key, n] of [
      ['a', 2],
      ['b', 1],
      ['a', 3],
      ['b', 2],
    ] as const)
      offer(key, n)
    peer.take()
    await turnEnds()
    expect(sent).toEqual(['a1', 'a3', 'b2'])
    expect(counts).toMatchObject({ deliveries: 3, conflations: 2, drops: 0 })
  })

  it('with a rate is given the first at once, and then the newest when its turn comes', async () => {
    const { clock, sent, offer, turnEnds } = sit({ backlog: NEWEST, maxRate: 2 })
    offer('a', 1)
    offer('a', 2)
    offer('b', 1)
    clock.advance(499)
    offer('a', 3)
    await turnEnds()
    expect(sent).toEqual(['a1', 'b1'])
    clock.advance(1)
    await turnEnds()
    expect(sent).toEqual(['a1', 'b1', 'a3'])
    clock.advance(10_000)
    await turnEnds()
    expect(sent).toHaveLength(3)
  })

  it('whose stream ends is told so after its last book, also when that one waits for its turn', async () => {
    const { clock, sent, offer, reader, endings, turnEnds } = sit({ backlog: NEWEST, maxRate: 1 })
    offer('a', 1)
    offer('a', 2)
    reader.finish(null)
    expect(endings).toEqual([])
    clock.advance(1_000)
    await turnEnds()
    expect(sent).toEqual(['a1', 'a2'])
    expect(endings).toEqual([null])
  })
})

describe('a reader of trades', () => {
  it('loses the newest when too many wait, never one that waited', async () => {
    const { sent, peer, offer, turnEnds, counts } = sit({ backlog: EVERY })
    peer.isTaking = false
    offer('t', 1)
    await turnEnds()
    for (let n = 2; n <= 6; n++) offer('t', n)
    peer.take()
    await turnEnds()
    offer('t', 7)
    await turnEnds()
    expect(sent).toEqual(['t1', 't2', 't3', 't4', 't7'])
    expect(counts.drops).toBe(2)
  })

  it('is given all it resumes from, however much, before anything new, and nothing twice', async () => {
    const past = Array.from({ length: 5 }, (_, at) => ({ key: 'p', n: at + 1 }))
    const { sent, peer, offer, reader, turnEnds } = sit({ backlog: EVERY, past })
    peer.isTaking = false
    reader.release()
    offer('p', 5)
    offer('p', 6)
    peer.take()
    await turnEnds()
    expect(sent).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
  })

  it('that stays behind for ten seconds is let go, and one that catches up is not', async () => {
    const { clock, peer, offer, reader, endings, turnEnds, counts } = sit({ backlog: EVERY })
    peer.isTaking = false
    offer('t', 1)
    await turnEnds()
    offer('t', 2)
    clock.advance(9_999)
    expect(reader.letGoIfBehind(clock.monotonic())).toBe(false)
    peer.take()
    await turnEnds()
    expect(reader.isBehind).toBe(false)
    peer.isTaking = false
    offer('t', 3)
    await turnEnds()
    offer('t', 4)
    clock.advance(10_000)
    expect(reader.letGoIfBehind(clock.monotonic())).toBe(true)
    expect(endings).toMatchObject([{ code: 'SLOW_CONSUMER' }])
    expect(counts.slowConsumers).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('executes for itself alone what has an error in it', async () => {
    const { sent, reader, turnEnds } = sit({ backlog: EVERY })
    reader.offer({ event: {}, key: 't', body: null })
    await turnEnds()
    expect(sent).toEqual(['alone'])
  })
})
