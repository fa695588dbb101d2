import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import type { BookChange, Level } from '../../../src/domain/answer.ts'
import { bookChecksum } from '../../../src/domain/crc32.ts'
import { VENUES } from '../../../src/domain/market.ts'
import type { Venue } from '../../../src/domain/market.ts'
import type { HotEvent } from '../../../src/facade/facade.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import type { Stream } from '../../../src/facade/feed.ts'
import { printFigure } from '../../support/figure.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})
const staged = async (...options: Parameters<typeof stage>) => (now = await stage(...options))
function opened<T>(outcome: Outcome<Stream<T>>): Stream<T> {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collect()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

describe('readers of the hot tier', () => {
  it('share one upstream subscription, however many they are', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    const before = on.sim.counts()
    const readers = Array.from({ length: 200 }, (_, index) =>
      hear(
        opened(
          on.hot.book({
            symbol: 'BTC-USDT',
            venue: VENUES[index % 4] ?? 'OKX',
            depth: 5 + (index % 3),
            maxRate: null,
          }),
        ).feed,
      ),
    )
    await on.run(5)
    for (const venue of VENUES) expect(on.sim.counts()[venue].connections).toBe(before[venue].connections)
    expect(readers[0]?.events.at(-1)).toBe(readers[12]?.events.at(-1))
    for (const { close } of readers) close()
    expect(on.hot.counts().readers).toBe(0)
  })

  it('of a market that is not hot bring it up, and leave it lingering, then gone', async () => {
    const on = await staged({ symbols: ['BTC-USDT', 'SOL-USDT'], hotSymbols: ['BTC-USDT'], lingerMs: 30 })
    await on.until(on.allLive, 'the hot books are live')
    const { lanes } = on.hot.counts()
    const { events, close } = hear(
      opened(on.hot.book({ symbol: 'SOL-USDT', venue: 'KRAKEN', depth: 5, maxRate: null })).feed,
    )
    expect(events[0]?.state).not.toBe('LIVE')
    await on.until(() => events.at(-1)?.state === 'LIVE', 'its book is live')
    expect(on.hot.counts().lanes).toBe(lanes + 1)
    close()
    expect(on.hot.counts().lanes).toBe(lanes + 1)
    await on.until(() => on.hot.counts().lanes === lanes, 'nobody wanted it any more')
    expect(on.hot.liveBook('SOL-USDT', 'KRAKEN')).toBeNull()
  })

  it('leave no listener, timer or subscription behind after 10,000 comings and goings on a silent market', async () => {
    const on = await staged({ symbols: ['BTC-USDT', 'SOL-USDT'], hotSymbols: ['BTC-USDT'], lingerMs: 40 })
    await on.until(on.allLive, 'the hot books are live')
    const comeAndGo = async (n: number) => {
      const streams: readonly AsyncIterable<unknown>[] = [
        opened(on.hot.trades({ symbols: ['SOL-USDT'], venues: null, after: null })),
        opened(on.hot.book({ symbol: 'SOL-USDT', venue: 'OKX', depth: 1 + (n % 50), maxRate: 5 })),
        opened(on.hot.bookDeltas({ symbol: 'SOL-USDT', venue: 'OKX', depth: 1 + (n % 50), after: null })),
        opened(on.hot.consolidatedBook({ symbol: 'SOL-USDT', depth: 5, venues: null, maxRate: null })),
        opened(on.hot.bars({ symbols: ['SOL-USDT'], interval: 'M5', venues: null })),
        opened(on.hot.prices({ symbols: ['SOL-USDT'], maxRate: null })),
        opened(on.hot.hotSubscribe(['SOL-USDT'])),
      ]
      const stream = streams[n % streams.length]
      const iterator = stream?.[Symbol.asyncIterator]()
      const parked = iterator?.next()
      await iterator?.return?.()
      await parked
    }
    const isIdle = () => {
      const { lanes, readers } = on.hot.counts()
      return lanes === idle.lanes && readers === idle.readers && on.timers() <= idle.timers
    }
    const idle = { ...on.hot.counts(), timers: on.timers() }
    // What is made once is made in the first thousand.
    for (let n = 0; n < 1_000; n += 1) await comeAndGo(n)
    await on.until(isIdle, 'nobody wanted anything any more')
    const heapBefore = await heapUsed()
    for (let n = 0; n < 10_000; n += 1) await comeAndGo(n)
    expect(on.hot.counts().readers - idle.readers).toBeLessThanOrEqual(50)
    await on.until(isIdle, 'lanes, delta feeds and timers have gone')
    expect(on.hot.counts().connections).toBe(idle.connections)
    const grown = (await heapUsed()) - heapBefore
    printFigure(`10,000 readers came and went: heap ${(grown / 1024).toFixed(0)} KB`)
    // A hundred bytes each: one forgotten listener alone would weigh more.
    expect(grown).toBeLessThan(1_000_000)
  }, 60_000)

  it('of deltas stay equal to the book through lost frames and a lost link, and resume behind a cursor', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    for (const venue of VENUES) {
      const bids = new Map<string, string>()
      const asks = new Map<string, string>()
      const changes: BookChange[] = []
      const request = { symbol: 'BTC-USDT', venue, depth: 50 } as const
      const { feed } = opened(on.hot.bookDeltas({ ...request, after: null }))
      const close = feed.open({
        next: (change) => {
          if (change.kind === 'SNAPSHOT') for (const side of [bids, asks]) side.clear()
          expect(change.sequence).toBe((changes.at(-1)?.sequence ?? change.sequence - 1) + 1)
          changes.push(change)
          put(bids, change.bids)
          put(asks, change.asks)
          expect(bookChecksum(sorted(bids, -1), sorted(asks, 1))).toBe(change.checksum)
        },
        end: () => undefined,
      })
      on.sim.fault({ kind: 'drop', source: venue, count: 1, frames: 'book' })
      await on.run(6)
      on.sim.fault({ kind: 'disconnect', source: venue })
      await on.run(4)
      await on.until(on.allLive, 'the book has healed')
      await on.run(3)
      const book = on.hot.liveBook('BTC-USDT', venue, 50)
      expect([sorted(bids, -1), sorted(asks, 1)]).toEqual([book?.bids, book?.asks])
      expect(changes.filter(({ kind }) => kind === 'SNAPSHOT').length).toBeGreaterThan(1)
      const behind = changes.at(-4)?.cursor ?? ''
      expect(opened(on.hot.bookDeltas({ ...request, after: behind })).resume?.events).toEqual(
        changes.slice(-3),
      )
      close()
    }
  }, 60_000)

  it('of the merged book see a venue that hangs up leave at once, and come back', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    const { events, close } = hear(
      opened(on.hot.consolidatedBook({ symbol: 'BTC-USDT', depth: 10, venues: null, maxRate: null })).feed,
    )
    expect(events[0]?.venues).toEqual(VENUES)
    on.sim.fault({ kind: 'disconnect', source: 'KRAKEN' })
    await on.until(() => events.at(-1)?.excluded[0]?.venue === 'KRAKEN', 'it has left')
    expect(events.at(-1)).toMatchObject({ excluded: [{ venue: 'KRAKEN', reason: 'STALE' }] })
    await on.until(() => events.at(-1)?.venues.length === 4, 'it is back')
    close()
  })

  it('see a black hole as stale though no socket closes, and the link is replaced', async () => {
    const on = await staged({ rate: 20 })
    await on.until(on.allLive, 'all books are live')
    await on.run(150)
    const { events, close } = hear(
      opened(on.hot.book({ symbol: 'BTC-USDT', venue: 'BINANCE', depth: 5, maxRate: null })).feed,
    )
    on.sim.fault({ kind: 'blackhole', source: 'BINANCE' })
    await on.until(() => events.at(-1)?.state === 'STALE', 'the silence was noticed')
    expect(on.hot.liveBook('BTC-USDT', 'OKX')).not.toBeNull()
    on.sim.clear()
    await on.until(on.allLive, 'it is back')
    close()
  }, 60_000)

  it('get trades, books and bars of all venues in one stream', async () => {
    const on = await staged({ tradesPerSecond: 5 })
    await on.until(on.allLive, 'all books are live')
    const { events, close } = hear(opened(on.hot.hotSubscribe(['BTC-USDT'])).feed)
    const venuesOf = (kind: HotEvent['kind']) =>
      new Set(events.flatMap((event) => (event.kind === kind ? [venueOf(event)] : [])))
    const isWhole = () => (['trade', 'book', 'bar'] as const).every((kind) => venuesOf(kind).size === 4)
    await on.until(isWhole, 'every venue has been heard with every kind')
    expect(venuesOf('trade')).toEqual(new Set(VENUES))
    close()
  })

  it('and the health of each stream say how it is', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    let changes = 0
    const stop = on.hot.onHealthChange(() => void (changes += 1))
    on.hot.noteServed('KRAKEN', on.sim.now() - 3)
    expect(on.hot.streamHealth('KRAKEN')).toMatchObject({
      isConnected: true,
      gapsTotal: 0,
      malformedTotal: 0,
      reconnectsTotal: 0,
      servedLatency: { count: 1, meanMs: 3 },
    })
    const { messagesTotal = 0 } = on.hot.streamHealth('KRAKEN') ?? {}
    expect(messagesTotal).toBe(on.sim.counts().KRAKEN.framesSent)
    await on.until(() => (on.hot.streamHealth('KRAKEN')?.messagesPerSecond ?? 0) > 0, 'a rate is known')
    // The venue's own clock runs behind: what it stamps is old when it comes.
    on.sim.fault({ kind: 'skew', source: 'KRAKEN', ms: -400 })
    await on.run(20)
    const { venueLatency } = on.hot.streamHealth('KRAKEN') ?? {}
    expect(venueLatency?.count).toBeGreaterThan(10)
    expect(venueLatency?.p99Ms).toBeGreaterThanOrEqual(400)
    expect(venueLatency?.p99Ms).toBeLessThan(500)
    expect(venueLatency?.p50Ms).toBeLessThanOrEqual(venueLatency?.p99Ms ?? 0)
    expect(on.hot.streamHealth('OKX')?.venueLatency.p99Ms).toBeLessThan(400)
    on.sim.clear()
    expect(on.hot.streamReason('KRAKEN')).toBeNull()
    on.sim.fault({ kind: 'disconnect', source: 'KRAKEN' })
    await on.until(() => changes > 0, 'health moved')
    expect(on.hot.streamReason('KRAKEN')).toContain('Kraken')
    stop()
  })
})

function put(side: Map<string, string>, levels: readonly Level[]): void {
  for (const { price, size } of levels) {
    if (size === '0') side.delete(price)
    else side.set(price, size)
  }
}

const venueOf = (event: HotEvent): Venue =>
  event.kind === 'trade' ? event.trade.venue : event.kind === 'book' ? event.book.venue : event.bar.venue

const sorted = (side: ReadonlyMap<string, string>, sign: 1 | -1) =>
  [...side]
    .map(([price, size]) => ({ price, size }))
    .sort((a, b) => (Number(a.price) - Number(b.price)) * sign)
