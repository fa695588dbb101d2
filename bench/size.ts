/** Rows: what a hot book and a thousand records take, and what a frame costs against the levels of its book. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createMemoryStore } from '../src/store/memory.ts'
import { createSnapshots } from '../src/facade/snapshots.ts'
import { LiveBook } from '../src/domain/book.ts'
import type { BookDeltaEvent, LevelChange } from '../src/domain/event.ts'
import { reconcile } from '../src/domain/reconcile.ts'
import { claim, policy } from '../test/support/claims.ts'
import { realClock } from '../test/support/real-clock.ts'
import { medianOf } from './support/report.ts'
import type { Report } from './support/report.ts'

const LEVELS = [100, 1_000, 10_000]
const BOOKS = 20
const FACTS = { spelling: 'BTC-USD', checksum: null, observedAt: null }
const CHAIN = { first: null, last: null, previous: null }

/** Bytes of a book of so many levels a side, and of the packed records of a thousand prices. */
export async function sizes(): Promise<readonly Report[]> {
  const figures: { name: string; value: number }[] = []
  for (const levels of LEVELS) {
    const before = heapBytes()
    const books = Array.from({ length: BOOKS }, () => full(levels))
    figures.push({
      name: `a hot book of ${levels.toLocaleString('en-US')} levels a side`,
      value: (heapBytes() - before) / BOOKS / 1024,
    })
    if (books.some((book) => book.levels.bids !== levels)) throw new Error('a book lost levels')
  }
  figures.push({ name: 'a thousand records of prices, six sources each', value: await recordsKilobytes() })
  return [{ title: 'Memory of what is kept', unit: 'KB', isLowBetter: true, figures, goals: [] }]
}

/** A frame of ten changes near the touch, applied and read to a top of twenty. */
export function frames(): Report {
  const figures = LEVELS.map((levels) => ({
    name: `${levels.toLocaleString('en-US')} levels a side`,
    value: frameMicros(levels),
  }))
  return {
    title: 'Growth: cost of a frame of ten changes against the levels of its book',
    unit: 'µs/frame',
    isLowBetter: true,
    figures,
    goals: [],
  }
}

function frameMicros(levels: number): number {
  const book = full(levels)
  const changes = Array.from({ length: 500 }, (_, at): BookDeltaEvent => ({
    kind: 'bookDelta',
    bids: Array.from({ length: 5 }, (_unused, step): LevelChange => [
      price(-1, step * 2),
      `${1 + (at % 7)}.5`,
    ]),
    asks: Array.from({ length: 5 }, (_unused, step): LevelChange => [
      price(1, step * 2),
      `${1 + (at % 5)}.5`,
    ]),
    ...CHAIN,
    ...FACTS,
  }))
  const rounds = Array.from({ length: 15 }, () => {
    const began = performance.now()
    for (let round = 0; round < 20; round++) {
      for (const change of changes) {
        book.apply(change)
        book.top(20)
      }
    }
    return ((performance.now() - began) * 1_000) / 20 / changes.length
  })
  return medianOf(rounds.slice(5))
}

async function recordsKilobytes(): Promise<number> {
  const store = createMemoryStore({ clock: realClock })
  const snapshots = createSnapshots({ store, clock: realClock, isEnabled: true, retentionMs: 86_400_000 })
  const before = store.status().usedBytes ?? 0
  const sources = ['COINGECKO', 'COINPAPRIKA', 'BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const
  for (let at = 0; at < 1_000; at++) {
    const claims = sources.map((source, rank) => claim(source, (100 + at + rank / 100).toFixed(2)))
    const given = { claims, policy: policy() }
    const symbol = `S${at}-USD`
    const answer = reconcile(given.claims, given.policy)
    snapshots.record([{ kind: 'price', symbol, subject: `price:${symbol}`, inputs: given, answer }])
  }
  await snapshots.close()
  return ((store.status().usedBytes ?? 0) - before) / 1024
}

function full(levels: number): LiveBook {
  const book = new LiveBook({ kind: 'connectionSequence' })
  const side = (sign: number): LevelChange[] =>
    Array.from({ length: levels }, (_, at) => [price(sign, at), (((at * 7_919) % 97) / 13 + 0.01).toFixed(8)])
  book.apply({ kind: 'bookSnapshot', bids: side(-1), asks: side(1), sequence: null, ...FACTS })
  return book
}

const price = (sign: number, at: number): string => (50_000 + sign * (at + 1) * 0.01).toFixed(2)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
