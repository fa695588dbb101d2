/**
 * Kraken spot, WebSocket v2: its facts and its stream. Hides bare JSON numbers whose every digit counts, and
 * acknowledgements that come one by one. Its REST half and its perpetuals are `kraken-rest.ts`.
 *
 * https://docs.kraken.com/api/docs/websocket-v2/book
 */
import { z } from 'zod'
import type { Channel, Decoded, LevelChange, MarketEvent } from '../domain/event.ts'
import {
  amount,
  explain,
  instantOf,
  isAmount,
  isObject,
  isWhole,
  parseKeepingDigits,
  plainDigits,
  whole,
} from '../wire/json.ts'
import type { Fields } from '../wire/json.ts'
import { inGroups } from '../wire/reply.ts'
import { derivatives } from './kraken-futures.ts'
import { decodeKnownBook } from './kraken-book.ts'
import { candles, depth, listings, quotes, recentTrades } from './kraken-rest.ts'
import type { Subscription, VenueSource } from './source.ts'

/**
 * Its checksum covers the ten best levels whatever the depth, and it has no sequence: deeper levels could be
 * wrong without anyone noticing. So the live book is exactly what can be proven; REST answers what lies deeper.
 */
const BOOK_DEPTH = 10

export const kraken: VenueSource = {
  id: 'KRAKEN',
  docs: 'https://docs.kraken.com/api/',
  // About one public call a second for each address.
  budget: { unitsPerMinute: 60 },
  defaults: {
    rest_url: 'https://api.kraken.com/0/public',
    futures_rest_url: 'https://futures.kraken.com/derivatives/api/v3',
    ws_url: 'wss://ws.kraken.com/v2',
  },
  stream: {
    dance: { kind: 'checksum', depth: BOOK_DEPTH },
    tradeIds: 'dense',
    link: {
      // Heartbeats come every second; this keeps a connection that has asked for nothing yet.
      keepalive: { everyMs: 10_000, frame: '{"method":"ping"}' },
      silenceMs: 20_000,
      lifetimeMs: null,
      maxSubscriptionsPerConnection: 200,
      sendsPerSecond: 5,
      // 150 in ten minutes, then ten minutes of nothing.
      connectsPerMinute: 15,
      maxFrameBytes: 4 * 1024 * 1024,
    },
    route: () => ({ endpoint: 'ws_url', path: '' }),
    subscribe: (subscriptions, id) => request('subscribe', subscriptions, id),
    unsubscribe: (subscriptions, id) => request('unsubscribe', subscriptions, id),
    decode,
  },
  listings,
  quotes,
  candles,
  depth,
  recentTrades,
  derivatives,
}

const CHANNEL_FACTS: readonly (readonly [Channel, Fields])[] = [
  ['book', { channel: 'book', depth: BOOK_DEPTH }],
  ['trades', { channel: 'trade' }],
  ['candle', { channel: 'ohlc', interval: 1 }],
]
const CHANNELS: ReadonlyMap<unknown, Channel> = new Map(
  CHANNEL_FACTS.map(([ours, { channel }]) => [channel, ours]),
)
const SYMBOLS_PER_FRAME = 100

function request(method: string, subscriptions: readonly Subscription[], id: number): readonly string[] {
  const isAsking = method === 'subscribe'
  return CHANNEL_FACTS.flatMap(([ours, facts]) => {
    const symbols = subscriptions.filter(({ channel }) => channel === ours).map(({ spelling }) => spelling)
    return inGroups(symbols, SYMBOLS_PER_FRAME).map((symbol) => ({
      ...facts,
      symbol,
      ...(isAsking ? { snapshot: true } : {}),
    }))
  }).map((params, index) => JSON.stringify({ method, params, req_id: id + index }))
}

/** `{"price":63351.6,"qty":0.00000000}`, its numbers as text by the time they are looked at. */
const level = z.object({ price: amount, qty: amount })

/** `{"symbol":"BTC/USD","bids":[],"asks":[{"price":63351.6,"qty":0.00000000}],"checksum":3161278731,"timestamp":"2026-08-02T05:43:31.208168Z"}` */
const book = z.object({
  symbol: z.string(),
  bids: z.array(level),
  asks: z.array(level),
  checksum: whole,
  timestamp: z.string().optional(),
})

/** `{"symbol":"BTC/USD","side":"sell","price":63348.4,"qty":0.00009417,"ord_type":"limit","trade_id":104622323,"timestamp":"2026-08-02T05:43:33.1Z"}` */
const trade = z.object({
  symbol: z.string(),
  side: z.enum(['buy', 'sell']),
  price: amount,
  qty: amount,
  trade_id: whole,
  timestamp: z.string().refine((text) => instantOf(text) !== null, 'not an instant'),
})

/** `{"symbol":"BTC/USD","interval":1,"interval_begin":"2023-10-04T16:25:00.000000000Z","open":106038.2,"high":106044.3,"low":106038.1,"close":106040.1,"volume":30.68}` */
const ohlc = z.object({
  symbol: z.string(),
  interval: z.int(),
  interval_begin: z.string().refine((text) => instantOf(text) !== null, 'not an instant'),
  open: amount,
  high: amount,
  low: amount,
  close: amount,
  volume: amount,
})

/** The hand-written guards of the hot frames and the shapes that explain what they refuse: the two must agree. */
export const krakenFrames = {
  book: { isSound: isBook, shape: book },
  trade: { isSound: isTrade, shape: trade },
} as const
/** The quick way and the long way, for the test that holds them together. */
export const krakenWays = { decodeKnownBook, decodeAny } as const

function isLevels(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const entry of value) {
    if (!isObject(entry) || !isAmount(entry['price']) || !isAmount(entry['qty'])) return false
  }
  return true
}

function isBook(data: Fields): data is z.output<typeof book> {
  const { symbol, bids, asks, checksum, timestamp } = data
  return (
    typeof symbol === 'string' &&
    isLevels(bids) &&
    isLevels(asks) &&
    isWhole(checksum) &&
    (timestamp === undefined || typeof timestamp === 'string')
  )
}

function isTrade(data: Fields): data is z.output<typeof trade> {
  const { symbol, side, price, qty, trade_id, timestamp } = data
  return (
    typeof symbol === 'string' &&
    (side === 'buy' || side === 'sell') &&
    isAmount(price) &&
    isAmount(qty) &&
    isWhole(trade_id) &&
    typeof timestamp === 'string' &&
    instantOf(timestamp) !== null
  )
}

const NOTHING: Decoded = { events: [], sequence: null }
const said = (...events: readonly MarketEvent[]): Decoded => ({ events, sequence: null })

/** The numbers whose text matters: the checksum is taken over it, and our readers are promised it. */
const DECIMAL_KEYS = ['price', 'qty', 'open', 'high', 'low', 'close', 'volume'] as const

function decode(frame: string): Decoded {
  return decodeKnownBook(frame) ?? decodeAny(frame)
}

function decodeAny(frame: string): Decoded {
  const message = parseKeepingDigits(frame, DECIMAL_KEYS)
  if (!isObject(message)) return { malformed: 'not a JSON object' }
  const { channel, method, data, type } = message
  if (typeof method === 'string') return decodeReply(message)
  if (typeof channel !== 'string') return { malformed: 'channel: missing' }
  if (channel === 'heartbeat') return said({ kind: 'heartbeat' })
  const read = READERS.get(channel)
  if (read === undefined) return NOTHING
  if (!Array.isArray(data)) return { malformed: 'data: not a list' }
  if (type !== 'snapshot' && type !== 'update') return { malformed: 'type: neither snapshot nor update' }
  const events: MarketEvent[] = []
  for (const entry of data) {
    const event = isObject(entry) ? read(entry, type === 'snapshot') : 'data: not objects'
    if (typeof event === 'string') return { malformed: event }
    if (event !== null) events.push(event)
  }
  return { events, sequence: null }
}

/** What one entry of `data` says; a text is what is malformed about it. */
type EntryReader = (entry: Fields, isSnapshot: boolean) => MarketEvent | string | null

const READERS: ReadonlyMap<string, EntryReader> = new Map<string, EntryReader>([
  ['book', readBook],
  ['trade', readTrade],
  ['ohlc', readOhlc],
])

function readBook(entry: Fields, isSnapshot: boolean): MarketEvent | string {
  const spelt = isBook(entry) ? entry : spellOut(entry)
  if (!isBook(spelt)) return explain('book', book, spelt)
  const common = {
    spelling: spelt.symbol,
    bids: pairs(spelt.bids),
    asks: pairs(spelt.asks),
    checksum: spelt.checksum,
    observedAt: spelt.timestamp === undefined ? null : instantOf(spelt.timestamp),
  }
  if (!isSnapshot) return { kind: 'bookDelta', ...common, first: null, last: null, previous: null }
  return { kind: 'bookSnapshot', ...common, sequence: null, ...servedDepth(spelt) }
}

const pairs = (levels: readonly z.output<typeof level>[]): readonly LevelChange[] =>
  levels.map(({ price, qty }) => [price, qty])

/**
 * A snapshot that stops at one of the depths it offers was cut there: whoever recorded or relays the stream
 * asked for that depth, and the book must be cut there too or its checksum will not hold.
 */
function servedDepth({ bids, asks }: z.output<typeof book>): { readonly depth?: number } {
  const isCut = bids.length === asks.length && [10, 25, 100, 500, 1000].includes(bids.length)
  return isCut ? { depth: bids.length } : {}
}

/** Exponents are legal in a JSON number (`1e-7`) though this venue was never seen to use them. */
function spellOut(value: unknown): Fields {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    (DECIMAL_KEYS as readonly string[]).includes(key) ? (plainDigits(inner) ?? inner) : inner,
  ) as Fields
}

function readTrade(entry: Fields, isSnapshot: boolean): MarketEvent | string {
  const spelt = isTrade(entry) ? entry : spellOut(entry)
  if (!isTrade(spelt)) return explain('trade', trade, spelt)
  return {
    kind: 'trade',
    spelling: spelt.symbol,
    id: String(spelt.trade_id),
    price: spelt.price,
    size: spelt.qty,
    takerSide: spelt.side === 'buy' ? 'BUY' : 'SELL',
    executedAt: Date.parse(spelt.timestamp),
    isBackfill: isSnapshot,
  }
}

function readOhlc(entry: Fields): MarketEvent | string | null {
  const shaped = ohlc.safeParse(spellOut(entry))
  if (!shaped.success) return explain('ohlc', ohlc, spellOut(entry))
  const { symbol, interval, interval_begin, open, high, low, close, volume } = shaped.data
  if (interval !== 1) return null
  return {
    kind: 'candle',
    spelling: symbol,
    interval: 'M1',
    openTime: Date.parse(interval_begin),
    open,
    high,
    low,
    close,
    volume,
    // Nothing says that a candle is closed but the next one.
    isClosed: null,
  }
}

/**
 * `{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true}`,
 * one for each symbol; `{"method":"subscribe","success":false,"error":"Currency pair not supported XYZ/USD"}`.
 */
function decodeReply({ method, result, success, error, symbol }: Fields): Decoded {
  if (method === 'pong') return said({ kind: 'heartbeat' })
  if (method !== 'subscribe') return NOTHING
  const named = isObject(result) ? result : {}
  const channel = CHANNELS.get(named['channel']) ?? null
  if (success === true) {
    const spelling = typeof named['symbol'] === 'string' ? named['symbol'] : null
    return said({ kind: 'acknowledged', channel, spelling })
  }
  const reason = String(error ?? 'refused').slice(0, 200)
  const spelling = typeof symbol === 'string' ? symbol : (/\S+\/\S+$/.exec(reason)?.[0] ?? null)
  return said({ kind: 'refused', channel, spelling, reason })
}
