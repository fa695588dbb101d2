/** How many level changes a second one book takes, at two depths, and what its top costs; peers beside it where installed. */
import { pathToFileURL } from 'node:url'
import { LiveBook } from '../src/domain/book.ts'
import type { BookDeltaEvent, LevelChange } from '../src/domain/event.ts'

export interface BookRow {
  readonly contender: string
  readonly levels: number
  readonly changesPerSecond: number
  /** Top 20 of both sides after a change at the touch, microseconds. */
  readonly topMicroseconds: number
}

/** A book that can be measured: made full, then changed in batches. */
export interface BookContender {
  readonly name: string
  create(levels: Levels): MeasuredBook
}

export interface MeasuredBook {
  apply(bids: readonly LevelChange[], asks: readonly LevelChange[]): void
  top(depth: number): unknown
}

export interface Levels {
  readonly bids: readonly LevelChange[]
  readonly asks: readonly LevelChange[]
}

const BATCH = 20
const BATCHES = 10_000
const TOP = 20

/** Mid 50,000.00, ticks of 0.01; sizes and places from a generator with a fixed seed. */
const random = (() => {
  let state = 20_260_102
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
})()

const priceAt = (side: 1 | -1, tick: number): string => ((5_000_000 + side * (tick + 1)) / 100).toFixed(2)

const fullBook = (count: number): Levels => {
  const side = (sign: 1 | -1): LevelChange[] =>
    Array.from({ length: count }, (_, tick) => [priceAt(sign, tick), (random() * 10).toFixed(8)])
  return { bids: side(-1), asks: side(1) }
}

/** Most changes happen near the touch: distances fall off exponentially, three in ten delete. */
const changesFor = (count: number): readonly (readonly LevelChange[])[] =>
  Array.from({ length: BATCHES }, (_, batch) => {
    const sign = batch % 2 === 0 ? -1 : 1
    return Array.from({ length: BATCH }, () => {
      const tick = Math.min(count - 1, Math.floor(-Math.log(1 - random()) * (count / 20)))
      return [priceAt(sign, tick), random() < 0.3 ? '0' : (random() * 10).toFixed(8)] as const
    })
  })

const ours: BookContender = {
  name: 'LiveBook',
  create: (levels) => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    const facts = { spelling: 'BTC-USD', checksum: null, observedAt: null }
    book.apply({ kind: 'bookSnapshot', ...levels, sequence: null, ...facts })
    const chain = { first: null, last: null, previous: null }
    return {
      apply: (bids, asks) => {
        const delta: BookDeltaEvent = { kind: 'bookDelta', bids, asks, ...chain, ...facts }
        book.apply(delta)
      },
      top: (depth) => book.top(depth),
    }
  },
}

const NOTHING: readonly LevelChange[] = []

const measure = (contender: BookContender, count: number): BookRow => {
  const changes = changesFor(count)
  const book = contender.create(fullBook(count))
  const run = (): number => {
    const began = performance.now()
    changes.forEach((batch, at) => (at % 2 === 0 ? book.apply(batch, NOTHING) : book.apply(NOTHING, batch)))
    return (performance.now() - began) / 1_000
  }
  run()
  const seconds = Math.min(run(), run(), run())
  return {
    contender: contender.name,
    levels: count,
    changesPerSecond: (BATCH * BATCHES) / seconds,
    topMicroseconds: topCost(book),
  }
}

const topCost = (book: MeasuredBook): number => {
  const bids = [0, 1].map((at) => [[priceAt(-1, 0), `${at + 1}.5`] as const])
  const asks = [0, 1].map((at) => [[priceAt(1, 0), `${at + 1}.5`] as const])
  const time = (read: boolean): number => {
    const began = performance.now()
    for (let at = 0; at < 200_000; at++) {
      book.apply(bids[at % 2]!, asks[at % 2]!)
      if (read) book.top(TOP)
    }
    return (performance.now() - began) / 200
  }
  time(true)
  time(false)
  return Math.max(0, Math.min(time(true), time(true)) - Math.min(time(false), time(false)))
}

/** Rows of every contender at 1,000 and 10,000 levels a side, interleaved. */
export const benchBook = (peers: readonly BookContender[] = []): readonly BookRow[] =>
  [1_000, 10_000].flatMap((count) => [ours, ...peers].map((contender) => measure(contender, count)))

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { bookPeers } = await import('./peers/books.ts')
  for (const row of benchBook(await bookPeers())) {
    const millions = (row.changesPerSecond / 1e6).toFixed(2)
    process.stdout.write(
      `${row.contender} ${row.levels} levels: ${millions} M changes/s, top ${TOP}: ${row.topMicroseconds.toFixed(2)} µs\n`,
    )
  }
}
