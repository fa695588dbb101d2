/**
 * A facade that stands still: real values of the domain, the same every time, published when a test says so.
 * For tests of what lies above the facade; it counts how it is asked.
 */
import { createHash } from 'node:crypto'
import type {
  Bar,
  Book,
  BookChange,
  ConsolidatedBook,
  Health,
  Kline,
  KlineReconciliation,
  SnapshotRecord,
  Trade,
} from '../../src/domain/answer.ts'
import type {
  Attribution,
  Instant,
  Price,
  PriceUpdate,
  Reconciliation,
} from '../../src/domain/attribution.ts'
import { FacadeError, answered, refused } from '../../src/domain/errors.ts'
import type { Outcome } from '../../src/domain/errors.ts'
import { INTERVAL_MS, SOURCES, isVenue } from '../../src/domain/market.ts'
import type { Listing, MarketSymbol, Source, Venue } from '../../src/domain/market.ts'
import type { Facade, Hot, Universe, Warm } from '../../src/facade/facade.ts'
import type { Backlog, Stream } from '../../src/facade/feed.ts'
import { streamOf } from '../../src/facade/stream.ts'
import { topic } from '../../src/facade/topic.ts'
import type { Topic } from '../../src/facade/topic.ts'
import { TestClock } from './clock.ts'

export const NOON = Date.UTC(2026, 0, 2, 12)
export const SYMBOLS: readonly MarketSymbol[] = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'BTC-USDT']

export interface StillFacade extends Facade {
  readonly clock: TestClock
  /** The requests of each call to the warm tier, in order. */
  readonly asked: Record<keyof Warm, unknown[]>
  readonly topics: {
    readonly trades: Topic<Trade>
    readonly books: Topic<Book>
    readonly changes: Topic<BookChange>
    readonly merged: Topic<ConsolidatedBook>
    readonly bars: Topic<Bar>
    readonly prices: Topic<PriceUpdate>
    readonly health: Topic<Health>
  }
}

export interface StillOptions {
  readonly symbols?: readonly MarketSymbol[]
  /** Replaces answers of the warm tier. */
  readonly warm?: Partial<Warm>
  readonly backlog?: Backlog
}

export function stillFacade({ symbols = SYMBOLS, warm = {}, backlog }: StillOptions = {}): StillFacade {
  const clock = new TestClock(NOON)
  const asked = {} as Record<keyof Warm, unknown[]>
  const topics = {
    trades: topic<Trade>(),
    books: topic<Book>({ present: () => [book('BTC-USDT', 'BINANCE')] }),
    changes: topic<BookChange>(),
    merged: topic<ConsolidatedBook>({ present: () => [consolidatedBook('BTC-USD')] }),
    bars: topic<Bar>(),
    prices: topic<PriceUpdate>({ present: () => [{ symbol: 'BTC-USD', price: price('BTC-USD') }] }),
    health: topic<Health>({ present: () => [health()] }),
  }
  const known = universe(symbols)
  const streamed = <T extends object>(feed: Topic<T>, maxRate: number | null = null): Outcome<Stream<T>> =>
    answered(
      streamOf(
        { feed, backlog: backlog ?? { kind: 'every', capacity: 100 }, keyOf: () => '', maxRate },
        clock,
      ),
    )
  const ifKnown = <T>(named: readonly MarketSymbol[], answer: () => Outcome<T>): Outcome<T> => {
    const unknown = named.find((symbol) => !known.has(symbol))
    return unknown === undefined
      ? answer()
      : refused('UNKNOWN_SYMBOL', `${unknown} is not a configured market.`)
  }
  const hot: Hot = {
    hotSubscribe: () => refused('SOURCE_UNAVAILABLE', 'A facade that stands still has no stream.'),
    trades: ({ symbols: named, after }) =>
      after === null
        ? ifKnown(named, () => streamed(topics.trades))
        : refused('RESUME_EXPIRED', 'That place is no longer held.', { earliest: 'e1.0' }),
    book: ({ symbol, maxRate }) => ifKnown([symbol], () => streamed(topics.books, maxRate)),
    bookDeltas: ({ symbol }) => ifKnown([symbol], () => streamed(topics.changes)),
    consolidatedBook: ({ symbol, maxRate }) => ifKnown([symbol], () => streamed(topics.merged, maxRate)),
    bars: ({ symbols: named }) => ifKnown(named, () => streamed(topics.bars)),
    prices: ({ symbols: named, maxRate }) => ifKnown(named, () => streamed(topics.prices, maxRate)),
  }
  return {
    clock,
    asked,
    topics,
    universe: known,
    warm: counted({ ...stillWarm, ...warm }, asked),
    hot,
    snapshot: (id) =>
      Promise.resolve(
        id === RECORD.id
          ? answered(RECORD)
          : refused('SNAPSHOT_NOT_FOUND', 'No such record is held.', { earliest: NOON - 86_400_000 }),
      ),
    health,
    healthChanges: () =>
      streamOf({ feed: topics.health, backlog: { kind: 'newest' }, keyOf: () => '' }, clock),
    noteServed: () => undefined,
  }
}

const each = <R, T>(requests: readonly R[], answer: (request: R) => T): Promise<readonly Outcome<T>[]> =>
  Promise.resolve(requests.map((request) => answered(answer(request))))

const stillWarm: Warm = {
  prices: (requests) => each(requests, ({ symbol, asOf }) => price(symbol, asOf)),
  volumes: (requests) =>
    each(requests, ({ symbol }) => ({ ...price(symbol), value: '1234567.8', unit: 'USD' })),
  vadr: (requests) =>
    each(requests, ({ symbol, venue }) => ({
      symbol,
      venue,
      value: 1.75,
      isFrozen: false,
      hours: 168,
      attribution: native(venue),
    })),
  liquidity: (requests) =>
    each(requests, ({ symbol, venue, withinPercent }) => ({
      symbol,
      venue,
      mid: '45000.5',
      spreadBps: 0.22,
      withinPercent,
      bidDepth: '90000.00',
      askDepth: '45001.00',
      balance: 0.667,
      isComplete: true,
      attribution: native(venue),
    })),
  funding: (requests) =>
    each(requests, ({ symbol, venue }) => ({
      symbol,
      venue,
      instrument: 'BTCUSDT',
      rate: '0.0001',
      intervalHours: 8,
      nextFundingAt: NOON + 4 * 3_600_000,
      markPrice: '45001.10',
      indexPrice: null,
      observedAt: NOON,
      attribution: native(venue),
    })),
  openInterest: (requests) =>
    each(requests, ({ symbol, venue }) => ({
      symbol,
      venue,
      instrument: 'BTCUSDT',
      value: '81234.5',
      observedAt: NOON,
      attribution: native(venue),
    })),
  klines: ({ symbol, interval }) => Promise.resolve(answered(klines(symbol, interval))),
  book: ({ symbol, venue }) => Promise.resolve(answered(book(symbol, venue ?? 'BINANCE'))),
  consolidatedBook: ({ symbol }) => Promise.resolve(answered(consolidatedBook(symbol))),
}

/** The same warm tier, writing down what it is asked. */
function counted(warm: Warm, asked: Record<keyof Warm, unknown[]>): Warm {
  const entries = Object.entries(warm) as [keyof Warm, (request: never, signal?: AbortSignal) => unknown][]
  return Object.fromEntries(
    entries.map(([kind, answer]) => {
      asked[kind] = []
      return [
        kind,
        (request: never, signal?: AbortSignal) => (asked[kind].push(request), answer(request, signal)),
      ]
    }),
  ) as unknown as Warm
}

function universe(symbols: readonly MarketSymbol[]): Universe {
  const listings = (symbol: MarketSymbol): readonly Listing[] =>
    SOURCES.map((source) => ({
      source,
      symbol,
      spelling: isVenue(source) ? symbol.replace('-', '') : 'bitcoin',
    }))
  return {
    symbols,
    has: (symbol) => symbols.includes(symbol),
    isHot: (symbol) => symbol.startsWith('BTC'),
    listings,
    listingAt: (symbol, source) => listings(symbol).find((listing) => listing.source === source) ?? null,
  }
}

export function native(venue: Venue): Attribution {
  return {
    authority: 'EXCHANGE_NATIVE',
    sources: [venue],
    confidence: 1,
    tier: 'HOT',
    text: `${venue}, live`,
    observedAt: NOON,
    receivedAt: NOON + 12,
    cache: null,
    snapshot: null,
  }
}

function reconciliation(median: string): Reconciliation {
  const used = (source: Source) => ({
    source,
    value: median,
    deviationPercent: 0.05,
    observedAt: NOON,
    receivedAt: NOON + 5,
    conversion: source === 'BINANCE' ? { symbol: 'USDT-USD', rate: '0.9998' } : null,
  })
  return {
    verdict: 'ACCEPTED',
    method: 'TRIMMED_MEDIAN',
    median,
    used: [used('COINGECKO'), used('COINBASE'), used('BINANCE')],
    dropped: [
      { source: 'COINPAPRIKA', reason: 'OUTLIER', value: '50000', deviationPercent: 10.99, observedAt: NOON },
      { source: 'KRAKEN', reason: 'UNAVAILABLE', value: null, deviationPercent: null, observedAt: null },
    ],
    policy: { maxDeviationPercent: 1, minSources: 2, minConfidence: 0.7 },
  }
}

export function price(symbol: MarketSymbol, asOf: Instant | null = null): Price {
  const value = `${SYMBOLS.indexOf(symbol) + 45025}.10`
  return {
    value,
    attribution: {
      authority: 'RECONCILED',
      sources: ['COINGECKO', 'COINBASE', 'BINANCE'],
      confidence: 0.93,
      tier: 'WARM',
      text: 'Median of CoinGecko, Coinbase and Binance; CoinPaprika dropped',
      observedAt: asOf ?? NOON,
      receivedAt: NOON + 5,
      cache: { status: 'HIT', cachedAt: NOON, expiresAt: NOON + 5_000, ttlSeconds: 5 },
      snapshot: { id: RECORD.id, takenAt: NOON },
    },
    reconciliation: reconciliation(value),
  }
}

const BODY = '{"answer":"45025.10","kind":"price","symbol":"BTC-USD","version":1}'
export const RECORD: SnapshotRecord = {
  id: createHash('sha256').update(BODY).digest('hex'),
  takenAt: NOON,
  kind: 'price',
  symbol: 'BTC-USD',
  body: BODY,
}

export function book(symbol: MarketSymbol, venue: Venue): Book {
  return {
    symbol,
    venue,
    state: 'LIVE',
    bids: [
      { price: '45000.00', size: '1.500' },
      { price: '44999.50', size: '0.25' },
    ],
    asks: [{ price: '45001.00', size: '1.000' }],
    mid: '45000.5',
    spread: '1',
    spreadBps: 0.22,
    sequence: '160',
    observedAt: NOON,
    attribution: native(venue),
  }
}

export function trade(sequence: number, symbol: MarketSymbol = 'BTC-USD'): Trade {
  return {
    id: String(9_000 + sequence),
    symbol,
    venue: 'COINBASE',
    price: '45000.10',
    size: '0.0500',
    takerSide: sequence % 2 === 0 ? 'BUY' : 'SELL',
    executedAt: NOON + sequence,
    receivedAt: NOON + sequence + 7,
    sequence,
    cursor: `e1.${sequence}`,
    attribution: native('COINBASE'),
  }
}

export function change(sequence: number): BookChange {
  return {
    symbol: 'BTC-USDT',
    venue: 'BINANCE',
    kind: sequence === 1 ? 'SNAPSHOT' : 'DELTA',
    sequence,
    cursor: `e1.${sequence}`,
    bids: [{ price: '45000.00', size: '0' }],
    asks: [],
    checksum: 4_294_967_295,
    observedAt: NOON,
    attribution: native('BINANCE'),
  }
}

function consolidatedBook(symbol: MarketSymbol): ConsolidatedBook {
  const level = (at: string) => ({ price: at, size: '2', venues: [{ venue: 'KRAKEN' as const, size: '2' }] })
  return {
    symbol,
    bids: [level('45000')],
    asks: [level('45001')],
    venues: ['KRAKEN'],
    excluded: [{ venue: 'OKX', reason: 'STALE' }],
    isCrossed: false,
    attribution: native('KRAKEN'),
  }
}

function klines(symbol: MarketSymbol, interval: keyof typeof INTERVAL_MS) {
  const agreed: KlineReconciliation = {
    open: reconciliation('45000'),
    high: reconciliation('45010'),
    low: reconciliation('44990'),
    close: reconciliation('45005'),
    volume: [{ source: 'KRAKEN', volume: '12.5' }],
  }
  const kline: Kline = { ...candle(symbol, interval), reconciliation: agreed }
  return {
    nodes: [kline],
    rejected: [{ openTime: NOON - INTERVAL_MS[interval], reconciliation: agreed }],
    pageInfo: { hasPreviousPage: true, startCursor: NOON, endCursor: NOON },
    attribution: price(symbol).attribution,
  }
}

const candle = (symbol: MarketSymbol, interval: keyof typeof INTERVAL_MS) => ({
  symbol,
  interval,
  openTime: NOON,
  closeTime: NOON + INTERVAL_MS[interval],
  open: '45000',
  high: '45010',
  low: '44990',
  close: '45005',
  volume: null,
  isClosed: false,
})

export function bar(symbol: MarketSymbol = 'BTC-USDT'): Bar {
  return { ...candle(symbol, 'M1'), venue: 'BINANCE', volume: '3.25', attribution: native('BINANCE') }
}

export function health(): Health {
  const summary = { count: 3, meanMs: 1.5, p50Ms: 1, p99Ms: 4 }
  return {
    status: 'DEGRADED',
    checkedAt: NOON,
    isSimulated: true,
    sources: [
      {
        source: 'KRAKEN',
        status: 'OK',
        circuit: { state: 'CLOSED', consecutiveFailures: 0, retryAt: null },
        quota: null,
        stream: {
          isConnected: true,
          messagesTotal: 3_000_000_000,
          messagesPerSecond: 120.5,
          venueLatency: summary,
          servedLatency: summary,
          lastMessageAt: NOON,
          reconnectsTotal: 0,
          gapsTotal: 1,
          malformedTotal: 0,
        },
        reason: null,
      },
      {
        source: 'COINGECKO',
        status: 'DOWN',
        circuit: { state: 'OPEN', consecutiveFailures: 5, retryAt: NOON + 60_000 },
        quota: { remaining: 0, resetAt: NOON + 60_000 },
        stream: null,
        reason: 'Five requests in a row failed; the next trial is in 60 s.',
      },
    ],
    cache: {
      driver: 'MEMORY',
      isConnected: true,
      reason: null,
      hitRate: 0.9,
      hitsTotal: 9,
      missesTotal: 1,
      usedBytes: 2_048,
      classes: [{ name: 'prices_hot', ttlSeconds: 5, hitRate: null, hitsTotal: 0, missesTotal: 0 }],
    },
    snapshots: { isEnabled: true, retentionHours: 24, writtenTotal: 12, oldest: NOON - 3_600_000 },
    reconciliation: summary,
  }
}

export const slowConsumer = (): FacadeError =>
  new FacadeError('SLOW_CONSUMER', 'Too far behind for too long.')
