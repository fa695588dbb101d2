import { describe, expect, it } from 'vitest'
import { FacadeError } from '../../src/domain/errors.ts'
import { Mailbox, type MailboxOptions } from '../../src/facade/mailbox.ts'
import { streamOf, topic } from '../../src/facade/stream.ts'
import { TestClock } from '../support/clock.ts'

interface Tick {
  readonly key: string
  readonly at: number
}
const tick = (key: string, at: number): Tick => ({ key, at })
const keyOf = (event: Tick): string => event.key

const boxOf = (options: Partial<MailboxOptions<Tick>>, clock = new TestClock()) => {
  let closed = 0
  const newest = { kind: 'newest' } as const
  const own = { backlog: newest, keyOf, maxRate: null, closed: () => void (closed += 1) }
  const box = new Mailbox<Tick>({ ...own, ...options }, clock)
  return { box, clock, closes: () => closed }
}

const nextOf = async (box: Mailbox<Tick>): Promise<Tick | 'done'> => {
  const { done, value } = await box.next()
  return done === true ? 'done' : value
}

describe('a mailbox where only the newest matters', () => {
  it('gives a slow reader the newest of each key, in the order the keys first came', async () => {
    const { box } = boxOf({})
    box.push(tick('BTC', 1))
    box.push(tick('ETH', 1))
    box.push(tick('BTC', 2))
    expect(box.size).toBe(2)
    expect([await nextOf(box), await nextOf(box)]).toEqual([tick('BTC', 2), tick('ETH', 1)])
  })

  it('delivers the first at once, then at most so many a second and always the newest at last', async () => {
    const { box, clock } = boxOf({ maxRate: 2 })
    box.push(tick('BTC', 1))
    expect(await nextOf(box)).toEqual(tick('BTC', 1))
    let second: Tick | 'done' | null = null
    const waiting = nextOf(box).then((event) => (second = event))
    box.push(tick('BTC', 2))
    clock.advance(499)
    await Promise.resolve()
    expect(second).toBeNull()
    box.push(tick('BTC', 3))
    box.push(tick('ETH', 1))
    await waiting
    expect(second).toEqual(tick('ETH', 1))
    const third = nextOf(box)
    clock.advance(1)
    expect(await third).toEqual(tick('BTC', 3))
    expect(box.size).toBe(0)
  })

  it('leaves no timer behind when a paced reader goes', async () => {
    const { box, clock, closes } = boxOf({ maxRate: 1 })
    box.push(tick('BTC', 1))
    await box.next()
    box.push(tick('BTC', 2))
    expect(clock.pendingTimers).toBe(1)
    await box.return()
    expect(clock.pendingTimers).toBe(0)
    expect(closes()).toBe(1)
  })
})

describe('a mailbox where every event matters', () => {
  const every = { backlog: { kind: 'every', capacity: 4 } } as const

  it('drops the newest when it is full, so that the reader sees a hole and not a shuffle', async () => {
    const { box } = boxOf(every)
    for (let at = 1; at <= 6; at++) box.push(tick('BTC', at))
    expect(box.dropped).toBe(2)
    expect(await nextOf(box)).toEqual(tick('BTC', 1))
    box.push(tick('BTC', 7))
    const rest = [await nextOf(box), await nextOf(box), await nextOf(box), await nextOf(box)]
    expect(rest.map((event) => event !== 'done' && event.at)).toEqual([2, 3, 4, 7])
  })

  it('lets a reader go that stays behind, and tells it why when it asks', async () => {
    const { box, clock, closes } = boxOf({ ...every, letGoAfterMs: 1_000 })
    for (let at = 1; at <= 5; at++) box.push(tick('BTC', at))
    clock.advance(999)
    await box.next()
    box.push(tick('BTC', 6))
    clock.advance(1)
    expect(closes()).toBe(1)
    await expect(box.next()).rejects.toMatchObject({ code: 'SLOW_CONSUMER' })
    expect(await nextOf(box)).toBe('done')
    expect(closes()).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('forgives a reader that catches up', async () => {
    const { box, clock } = boxOf({ ...every, letGoAfterMs: 1_000 })
    for (let at = 1; at <= 5; at++) box.push(tick('BTC', at))
    await box.next()
    await box.next()
    expect(clock.pendingTimers).toBe(0)
    clock.advance(5_000)
    expect(await nextOf(box)).toEqual(tick('BTC', 3))
  })
})

describe('every mailbox', () => {
  it('answers a reader parked on a silent market as soon as it is told to return', async () => {
    const { box, closes } = boxOf({})
    const parked = [nextOf(box), nextOf(box)]
    await box.return()
    expect(await Promise.all(parked)).toEqual(['done', 'done'])
    expect(await nextOf(box)).toBe('done')
    expect(closes()).toBe(1)
  })

  it('delivers what waits before it tells of the end', async () => {
    const { box, closes } = boxOf({})
    box.push(tick('BTC', 1))
    box.finish(new FacadeError('SOURCE_UNAVAILABLE', 'gone'))
    box.push(tick('BTC', 2))
    expect(await nextOf(box)).toEqual(tick('BTC', 1))
    await expect(box.next()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(await nextOf(box)).toBe('done')
    expect(closes()).toBe(1)
  })
})

describe('a topic', () => {
  it('goes on over the readers it began with while one closes another, and itself', () => {
    const feed = topic<number>()
    const heard: string[] = []
    const closers: (() => void)[] = []
    const reader = (name: string, then?: () => void) => ({
      next: (event: number) => {
        heard.push(`${name}${event}`)
        then?.()
      },
      end: () => heard.push(`${name}end`),
    })
    closers.push(feed.open(reader('a', () => closers.forEach((close) => close()))))
    closers.push(feed.open(reader('b')))
    feed.open(reader('c', () => feed.readers === 1 && feed.open(reader('d'))))
    feed.publish(1)
    expect(heard).toEqual(['a1', 'c1'])
    feed.publish(2)
    feed.end(null)
    expect(heard.slice(2)).toEqual(['c2', 'd2', 'cend', 'dend'])
    expect(feed.readers).toBe(0)
  })

  it('does not let a reader that fails cost the others anything', () => {
    const feed = topic<number>()
    const heard: number[] = []
    let told: FacadeError | null = null
    feed.open({
      next: () => {
        throw new Error('broken reader')
      },
      end: (error) => (told = error),
    })
    feed.open({ next: (event) => heard.push(event), end: () => undefined })
    feed.publish(1)
    feed.publish(2)
    expect(heard).toEqual([1, 2])
    expect(told).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' })
    expect(feed.readers).toBe(1)
  })

  it('tells the present state first, and the end to whoever comes after it', () => {
    const feed = topic<number>({ present: () => [41] })
    const heard: (number | string)[] = []
    feed.open({ next: (event) => heard.push(event), end: () => heard.push('end') })
    feed.publish(42)
    feed.end(null)
    feed.open({ next: (event) => heard.push(event), end: () => heard.push('late end') })
    expect(heard).toEqual([41, 42, 'end', 'late end'])
  })
})

describe('a stream', () => {
  const every = { kind: 'every', capacity: 100 } as const
  const plain = (event: number): string => String(event % 1)

  it('gives the resumed events first and nothing twice', async () => {
    const feed = topic<number>()
    const held = [3, 4, 5]
    const resume = () => ({ events: held, isNew: (event: number) => event > 5 })
    const reader = streamOf({ feed, backlog: every, keyOf: plain, resume }, new TestClock())[
      Symbol.asyncIterator
    ]()
    for (const event of [4, 5, 6, 7]) feed.publish(event)
    const heard: number[] = []
    for (let at = 0; at < 5; at++) heard.push((await reader.next()).value as number)
    expect(heard).toEqual([3, 4, 5, 6, 7])
    await reader.return?.()
    expect(feed.readers).toBe(0)
  })

  it('leaves nothing behind after ten thousand readers came and went on a silent market', async () => {
    const counts: number[] = []
    const feed = topic<number>({ readersChanged: (readers) => counts.push(readers) })
    const clock = new TestClock()
    const stream = streamOf({ feed, backlog: { kind: 'newest' }, keyOf: plain, maxRate: 5 }, clock)
    for (let at = 0; at < 10_000; at++) {
      const reader = stream[Symbol.asyncIterator]()
      const parked = reader.next()
      await reader.return?.()
      expect((await parked).done).toBe(true)
    }
    expect(feed.readers).toBe(0)
    expect(clock.pendingTimers).toBe(0)
    expect(counts).toHaveLength(20_000)
  })

  it('misdelivers nothing among a hundred topics with a hundred readers each, half of them not reading', async () => {
    const clock = new TestClock()
    const feeds = Array.from({ length: 100 }, () => topic<Tick>())
    const readers = feeds.flatMap((feed, index) =>
      Array.from({ length: 100 }, () => ({
        key: `k${index}`,
        reader: streamOf({ feed, backlog: { kind: 'newest' }, keyOf }, clock)[Symbol.asyncIterator](),
      })),
    )
    for (let round = 1; round <= 5; round++) {
      feeds.forEach((feed, index) => feed.publish(tick(`k${index}`, round)))
      for (const { key, reader } of readers.filter((_, at) => at % 2 === 0)) {
        expect((await reader.next()).value).toEqual(tick(key, round))
      }
    }
    for (const { key, reader } of readers.filter((_, at) => at % 2 === 1)) {
      expect((await reader.next()).value).toEqual(tick(key, 5))
    }
  })

  it('ends an iteration that breaks off', async () => {
    const feed = topic<number>({ present: () => [1] })
    for await (const event of streamOf({ feed, backlog: every, keyOf: plain }, new TestClock())) {
      expect(event).toBe(1)
      break
    }
    expect(feed.readers).toBe(0)
  })
})
