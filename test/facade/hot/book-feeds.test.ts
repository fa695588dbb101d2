import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Book, BookChange, ConsolidatedBook, Level } from '../../../src/domain/answer.ts'
import type { BookDeltaEvent, BookSnapshotEvent, LevelChange } from '../../../src/domain/event.ts'
import type { Venue } from '../../../src/domain/market.ts'
import type { Feed } from '../../../src/facade/feed.ts'
import { BookKeeper } from '../../../src/facade/hot/book-keeper.ts'
import { createDeltaFeed } from '../../../src/facade/hot/delta-feed.ts'
import { mergedFeed } from '../../../src/facade/hot/merged-book.ts'
import { createTurn } from '../../../src/facade/hot/turn.ts'

function stage() {
  let deferred: (() => void)[] = []
  const turn = createTurn((run) => void deferred.push(run))
  const endTurn = () => {
    const runs = deferred
    deferred = []
    for (const run of runs) run()
  }
  const keeper = (venue: Venue = 'OKX') => {
    const book = new BookKeeper({
      symbol: 'BTC-USDT',
      venue,
      dance: { kind: 'chain' },
      turn,
      now: () => 1_000,
    })
    book.link('up', 'connecting')
    return book
  }
  return { turn, endTurn, keeper }
}

const snapshot = (
  sequence: number,
  bids: readonly LevelChange[],
  asks: readonly LevelChange[],
): BookSnapshotEvent => ({
  kind: 'bookSnapshot',
  spelling: 'BTC-USDT',
  bids,
  asks,
  sequence,
  checksum: null,
  observedAt: 900 + sequence,
})
const delta = (
  last: number,
  bids: readonly LevelChange[],
  asks: readonly LevelChange[] = [],
): BookDeltaEvent => ({
  kind: 'bookDelta',
  spelling: 'BTC-USDT',
  bids,
  asks,
  first: null,
  last,
  previous: last - 1,
  checksum: null,
  observedAt: 900 + last,
})
const heard = <T>(feed: Feed<T>) => {
  const events: T[] = []
  const close = feed.open({ next: (event) => void events.push(event), end: () => undefined })
  return { events, close }
}
const START = snapshot(
  1,
  [
    ['99', '1'],
    ['98', '2'],
  ],
  [
    ['101', '1'],
    ['102', '2'],
  ],
)

describe('a book and its readers', () => {
  it('tells the present state first, then what a turn of changes came to, once', () => {
    const { endTurn, keeper } = stage()
    const book = keeper()
    book.apply(START, 1_001)
    const { events } = heard<Book>(book.view(2).topic)
    expect(events.map((event) => event.state)).toEqual(['LIVE'])
    book.apply(delta(2, [['99', '3']]), 1_002)
    book.apply(delta(3, [['99', '4']]), 1_003)
    endTurn()
    expect(events.map((event) => event.bids[0]?.size)).toEqual(['1', '4'])
    expect(events[1]).toMatchObject({
      mid: '100',
      spread: '2',
      spreadBps: 200,
      sequence: '3',
      observedAt: 903,
    })
  })

  it('says RESYNCING at the very next message after a gap, and LIVE only with a new snapshot', () => {
    const { endTurn, keeper } = stage()
    const book = keeper()
    book.apply(START, 1_001)
    const { events } = heard<Book>(book.view(2).topic)
    book.apply(delta(5, [['99', '9']]), 1_002)
    expect(events.at(-1)).toMatchObject({ state: 'RESYNCING', attribution: { confidence: 0 } })
    book.apply(delta(6, [['99', '9']]), 1_003)
    endTurn()
    expect(events.map((event) => event.state)).toEqual(['LIVE', 'RESYNCING'])
    book.apply(snapshot(7, [['99', '7']], [['101', '7']]), 1_004)
    endTurn()
    expect(events.at(-1)).toMatchObject({ state: 'LIVE', bids: [{ price: '99', size: '7' }] })
  })

  it('is stale at once when the link goes, and says why', () => {
    const { keeper } = stage()
    const book = keeper()
    book.apply(START, 1_001)
    const { events } = heard<Book>(book.view(2).topic)
    book.link('down', 'disconnected (closed)')
    expect(events.at(-1)).toMatchObject({ state: 'STALE', bids: [{ price: '99' }, { price: '98' }] })
    expect(events.at(-1)?.attribution.text).toContain('disconnected (closed)')
  })

  it('gives two readers of one depth the same object, and frees the depth with the last of them', () => {
    const { endTurn, keeper } = stage()
    const book = keeper()
    book.apply(START, 1_001)
    const first = heard<Book>(book.view(1).topic)
    book.apply(delta(2, [['99', '3']]), 1_002)
    const second = heard<Book>(book.view(1).topic)
    endTurn()
    expect(first.events.at(-1)).toBe(second.events.at(-1))
    expect(first.events).toHaveLength(2)
    first.close()
    second.close()
    expect(book.readers).toBe(0)
  })
})

/** Written from the contract alone: apply in order of `sequence`, "0" deletes, CRC-32 of the top 25. */
class Client {
  bids = new Map<string, string>()
  asks = new Map<string, string>()
  sequence = 0
  apply(change: BookChange): void {
    if (change.kind === 'SNAPSHOT') {
      this.bids.clear()
      this.asks.clear()
    }
    if (this.sequence !== 0) expect(change.sequence).toBe(this.sequence + 1)
    this.sequence = change.sequence
    for (const [side, levels] of [
      [this.bids, change.bids],
      [this.asks, change.asks],
    ] as const) {
      for (const { price, size } of levels) {
        if (size === '0') side.delete(price)
        else side.set(price, size)
      }
    }
    expect(crc(this.text())).toBe(change.checksum)
  }
  side(side: ReadonlyMap<string, string>, sign: number): readonly Level[] {
    return [...side]
      .map(([price, size]) => ({ price, size }))
      .sort((a, b) => (Number(b.price) - Number(a.price)) * sign)
  }
  text(): string {
    const all = [...this.side(this.bids, 1).slice(0, 25), ...this.side(this.asks, -1).slice(0, 25)]
    return all.map(({ price, size }) => `${price}:${size}`).join('|')
  }
}
function crc(text: string): number {
  let value = 0xffffffff
  for (const character of text) {
    value ^= character.charCodeAt(0)
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return (value ^ 0xffffffff) >>> 0
}

const bidPrice = fc.integer({ min: 60, max: 99 })
const askPrice = fc.integer({ min: 101, max: 140 })
const size = fc.integer({ min: 0, max: 3 })
const step = fc.record({
  bids: fc.array(fc.tuple(bidPrice, size), { maxLength: 4 }),
  asks: fc.array(fc.tuple(askPrice, size), { maxLength: 4 }),
  isLost: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  endsTurn: fc.boolean(),
})
const asText = (changes: readonly (readonly [number, number])[]): readonly LevelChange[] =>
  changes.map(([price, amount]) => [String(price), String(amount)])

describe('a book as deltas', () => {
  it('keeps a client that knows only the contract equal to the book through drops and resyncs', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1, 5, 30),
        (steps, depth) => {
          const { endTurn, keeper } = stage()
          const book = keeper()
          const feed = createDeltaFeed({ book, depth, epoch: 'e', readersChanged: () => undefined })
          book.attach(feed)
          const client = new Client()
          let sequence = 1
          book.apply(START, 1)
          feed.topic.open({ next: (change) => client.apply(change), end: () => undefined })
          for (const { bids, asks, isLost, endsTurn } of steps) {
            sequence += isLost ? 2 : 1
            const applied = book.apply(delta(sequence, asText(bids), asText(asks)), 1)
            if (applied === 'gap') book.apply(snapshot(sequence, [['97', '5']], [['103', '5']]), 1)
            if (!endsTurn) continue
            endTurn()
            const top = book.top(depth)
            expect(client.side(client.bids, 1)).toEqual(top.bids)
            expect(client.side(client.asks, -1)).toEqual(top.asks)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('goes on behind a cursor, and refuses one it no longer holds', () => {
    const { endTurn, keeper } = stage()
    const book = keeper()
    const feed = createDeltaFeed({ book, depth: 5, epoch: 'e', readersChanged: () => undefined })
    book.attach(feed)
    book.apply(START, 1)
    const { events } = heard<BookChange>(feed.topic)
    for (let last = 2; last < 3_000; last += 1) {
      book.apply(delta(last, [['99', String(last)]]), 1)
      endTurn()
    }
    const since = feed.since(events.at(-3)?.cursor ?? '')
    expect(since.ok && since.value.events).toEqual(events.slice(-2))
    const gone = feed.since(events[0]?.cursor ?? '')
    expect(!gone.ok && gone.error.code).toBe('RESUME_EXPIRED')
    const foreign = feed.since('other.1')
    expect(!foreign.ok && foreign.error.code).toBe('RESUME_EXPIRED')
  })
})

describe('the merged book', () => {
  const merged = (venues: readonly Venue[], depth: number) => {
    const { turn, endTurn, keeper } = stage()
    const books = venues.map((venue) => keeper(venue))
    const parts = books.map((book) => ({ venue: book.venue, book, isListed: () => true }))
    const feed = mergedFeed({ symbol: 'BTC-USDT', depth, parts, now: () => 1, turn })
    return { books, endTurn, ...heard<ConsolidatedBook>(feed) }
  }

  it('drops a venue the moment it is stale, names it, and takes it back', () => {
    const { books, endTurn, events } = merged(['OKX', 'BINANCE'], 5)
    for (const book of books) book.apply(START, 1)
    endTurn()
    expect(events.at(-1)).toMatchObject({ venues: ['OKX', 'BINANCE'], excluded: [] })
    books[1]?.link('quiet', 'silent')
    endTurn()
    expect(events.at(-1)).toMatchObject({
      venues: ['OKX'],
      excluded: [{ venue: 'BINANCE', reason: 'STALE' }],
    })
    books[1]?.link('up', '')
    endTurn()
    expect(events.at(-1)?.venues).toEqual(['OKX', 'BINANCE'])
  })

  it('shows a crossing between venues', () => {
    const { books, endTurn, events } = merged(['OKX', 'BINANCE'], 5)
    books[0]?.apply(START, 1)
    books[1]?.apply(snapshot(1, [['103', '1']], [['104', '1']]), 1)
    endTurn()
    expect(events.at(-1)?.isCrossed).toBe(true)
  })

  it('equals a naive model on random deltas', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 2 }), step), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(steps, (all) => {
        const { books, endTurn, events } = merged(['OKX', 'BINANCE', 'KRAKEN'], 6)
        const sequences = books.map(() => 1)
        for (const book of books) book.apply(START, 1)
        endTurn()
        for (const [index, { bids, asks }] of all) {
          sequences[index] = (sequences[index] ?? 0) + 1
          books[index]?.apply(delta(sequences[index] ?? 0, asText(bids), asText(asks)), 1)
          endTurn()
          const naive = (side: 'bids' | 'asks', sign: number) => {
            const sizes = new Map<number, number>()
            for (const book of books) {
              for (const level of book.top(1_000)[side]) {
                const price = Number(level.price)
                sizes.set(price, (sizes.get(price) ?? 0) + Number(level.size))
              }
            }
            return [...sizes].sort((a, b) => (b[0] - a[0]) * sign).slice(0, 6)
          }
          const shown = (side: 'bids' | 'asks') =>
            events.at(-1)?.[side].map((level) => [Number(level.price), Number(level.size)])
          expect(shown('bids')).toEqual(naive('bids', 1))
          expect(shown('asks')).toEqual(naive('asks', -1))
        }
      }),
      { numRuns: 200 },
    )
  })
})
