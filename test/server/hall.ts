/** A facade whose markets a test moves by hand, streaming as the hot tier does: state first, resumes, rates. */
import type { Bar, Book, BookChange, ConsolidatedBook, Trade } from '../../src/domain/answer.ts'
import type { PriceUpdate } from '../../src/domain/attribution.ts'
import { answered, refused } from '../../src/domain/errors.ts'
import type { MarketSymbol } from '../../src/domain/market.ts'
import { mergeFeeds } from '../../src/facade/hot/merge.ts'
import { streamOf } from '../../src/facade/stream.ts'
import { topic } from '../../src/facade/topic.ts'
import type { Topic } from '../../src/facade/topic.ts'
import { bar, book, change, native, price, stillFacade, trade } from '../support/facade.ts'

export const HALL_SYMBOLS: readonly MarketSymbol[] = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'BTC-USDT']
const EVERY = { kind: 'every', capacity: 100 } as const
const NEWEST = { kind: 'newest' } as const

export type Hall = ReturnType<typeof openHall>

export function openHall(symbols = HALL_SYMBOLS) {
  const still = stillFacade({ symbols })
  const { clock } = still
  const markets = new Map(symbols.map((symbol) => [symbol, openMarket(symbol)]))
  const at = (symbol: MarketSymbol) => markets.get(symbol) as ReturnType<typeof openMarket>
  let printed = 0
  const tape: Trade[] = []

  const facade = {
    ...still,
    hot: {
      ...still.hot,
      trades({ symbols: named, after }: { symbols: readonly MarketSymbol[]; after: string | null }) {
        const unknown = named.find((symbol) => !markets.has(symbol))
        if (unknown !== undefined) return refused('UNKNOWN_SYMBOL', `${unknown} is not a configured market.`)
        const feed = mergeFeeds(named.map((symbol) => at(symbol).trades))
        const keyOf = ({ symbol }: Trade) => symbol
        if (after === null) return answered(streamOf({ feed, backlog: EVERY, keyOf }, clock))
        const from = Number(after.slice(3))
        if (!(from >= 0 && from <= printed)) {
          return refused('RESUME_EXPIRED', 'That place is no longer held.', { earliest: 'e1.0' })
        }
        const resume = () => {
          const last = printed
          return {
            events: tape.filter(({ symbol, cursor }) => named.includes(symbol) && numberOf(cursor) > from),
            isNew: ({ cursor }: Trade) => numberOf(cursor) > last,
          }
        }
        return answered(streamOf({ feed, backlog: EVERY, keyOf, resume }, clock))
      },
      book({ symbol, depth, maxRate }: { symbol: MarketSymbol; depth: number; maxRate: number | null }) {
        const keyOf = (each: Book) => each.symbol
        return answered(streamOf({ feed: at(symbol).books(depth), backlog: NEWEST, keyOf, maxRate }, clock))
      },
      bookDeltas: ({ symbol }: { symbol: MarketSymbol }) =>
        answered(streamOf({ feed: at(symbol).changes, backlog: EVERY, keyOf: () => symbol }, clock)),
      consolidatedBook({ symbol, maxRate }: { symbol: MarketSymbol; maxRate: number | null }) {
        const keyOf = () => symbol
        return answered(streamOf({ feed: at(symbol).merged, backlog: NEWEST, keyOf, maxRate }, clock))
      },
      bars({ symbols: named }: { symbols: readonly MarketSymbol[] }) {
        const feed = mergeFeeds(named.map((symbol) => at(symbol).bars))
        const keyOf = (each: Bar) => `${each.symbol}:${each.openTime}`
        return answered(streamOf({ feed, backlog: NEWEST, keyOf }, clock))
      },
      prices({ symbols: named, maxRate }: { symbols: readonly MarketSymbol[]; maxRate: number | null }) {
        const feed = mergeFeeds(named.map((symbol) => at(symbol).prices))
        const keyOf = (each: PriceUpdate) => each.symbol
        return answered(streamOf({ feed, backlog: NEWEST, keyOf, maxRate }, clock))
      },
    },
  }

  return {
    facade,
    clock,
    /** Readers of all feeds together. */
    readers: () => [...markets.values()].reduce((sum, market) => sum + market.readers(), 0),
    endTrades: (symbol: MarketSymbol, error: Parameters<typeof marketEnd>[1]) => marketEnd(at(symbol), error),
    print(symbol: MarketSymbol, change: Partial<Trade> = {}) {
      printed++
      const market = at(symbol)
      const made = { ...trade(market.count('trade'), symbol), cursor: `e1.${printed}`, ...change }
      tape.push(made)
      market.trades.publish(made)
    },
    moveBook: (symbol: MarketSymbol) => at(symbol).moveBook(),
    moveMerged: (symbol: MarketSymbol) => at(symbol).moveMerged(),
    movePrice: (symbol: MarketSymbol) => at(symbol).movePrice(),
    moveBar: (symbol: MarketSymbol, isClosed = false) => at(symbol).moveBar(isClosed),
    tellChange: (symbol: MarketSymbol) =>
      at(symbol).changes.publish({ ...change(at(symbol).count('change')), symbol }),
  }
}

const numberOf = (cursor: string): number => Number(cursor.slice(3))

const marketEnd = (
  market: ReturnType<typeof openMarket>,
  error: Parameters<ReturnType<typeof topic<Trade>>['end']>[0],
) => market.trades.end(error)

interface View {
  now: Book
  readonly readers: Topic<Book>
}

function openMarket(symbol: MarketSymbol) {
  const counts = new Map<string, number>()
  const count = (of: string): number => {
    const next = (counts.get(of) ?? 0) + 1
    counts.set(of, next)
    return next
  }
  const priced = (): PriceUpdate => {
    const made = price(symbol)
    const value = `${45_000 + count('price')}.10`
    return { symbol, price: { ...made, value, reconciliation: { ...made.reconciliation, median: value } } }
  }
  let nowPrice = priced()
  let nowBar = { ...bar(symbol), venue: 'KRAKEN' as const }
  let nowMerged = merged(symbol, 0)
  let moves = 0
  const views = new Map<number, View>()
  const view = (depth: number): View => {
    const known = views.get(depth)
    if (known !== undefined) return known
    const fresh: View = {
      now: deep(symbol, depth, moves),
      readers: topic<Book>({ present: () => [fresh.now] }),
    }
    views.set(depth, fresh)
    return fresh
  }
  const topics = {
    trades: topic<Trade>(),
    changes: topic<BookChange>(),
    prices: topic<PriceUpdate>({ present: () => [nowPrice] }),
    bars: topic<Bar>({ present: () => [nowBar] }),
    merged: topic<ConsolidatedBook>({ present: () => [nowMerged] }),
  }
  return {
    ...topics,
    books: (depth: number) => view(depth).readers,
    count,
    readers: () =>
      [...Object.values(topics), ...[...views.values()].map(({ readers }) => readers)].reduce(
        (sum, each) => sum + each.readers,
        0,
      ),
    moveBook() {
      moves++
      for (const [depth, each] of views) {
        each.now = deep(symbol, depth, moves)
        each.readers.publish(each.now)
      }
    },
    moveMerged() {
      nowMerged = merged(symbol, count('merged'))
      topics.merged.publish(nowMerged)
    },
    movePrice() {
      nowPrice = priced()
      topics.prices.publish(nowPrice)
    },
    moveBar(isClosed: boolean) {
      nowBar = { ...nowBar, volume: `${count('bar')}.5`, isClosed }
      topics.bars.publish(nowBar)
      if (isClosed) nowBar = { ...nowBar, openTime: nowBar.closeTime, closeTime: nowBar.closeTime + 60_000 }
    },
  }
}

function deep(symbol: MarketSymbol, depth: number, n: number): Book {
  const side = (sign: number) =>
    Array.from({ length: depth }, (_, at) => ({
      price: (45_000 + sign * (at + 1)).toFixed(2),
      size: `${n + at}.5`,
    }))
  return { ...book(symbol, 'COINBASE'), bids: side(-1), asks: side(1), sequence: String(n) }
}

function merged(symbol: MarketSymbol, n: number): ConsolidatedBook {
  const level = (at: string) => ({
    price: at,
    size: `${n}.25`,
    venues: [{ venue: 'KRAKEN' as const, size: `${n}.25` }],
  })
  return {
    symbol,
    bids: [level('45000')],
    asks: [level('45001')],
    venues: ['KRAKEN'],
    excluded: [{ venue: 'OKX', reason: 'STALE' }],
    isCrossed: n % 2 === 1,
    attribution: native('KRAKEN'),
  }
}
