/**
 * Coinbase Advanced Trade: its facts and its one stream, the only one of the venue that counts its frames.
 * Hides the maker's side on trades, newest-first lists and `offer` for ask. Its REST half is `coinbase-rest.ts`.
 *
 * https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels
 */
import { z } from 'zod'
import type { Channel, Decoded, LevelChange, MarketEvent, TradeEvent } from '../domain/event.ts'
import { amount, explain, instantOf, isAmount, isObject, isWhole, parseJson } from '../wire/json.ts'
import type { Fields } from '../wire/json.ts'
import { inGroups } from '../wire/reply.ts'
import { candles, depth, listings, quotes, recentTrades } from './coinbase-rest.ts'
import type { Subscription, VenueSource } from './source.ts'

export const coinbase: VenueSource = {
  id: 'COINBASE',
  docs: 'https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis',
  // Ten public requests a second.
  budget: { unitsPerMinute: 600 },
  defaults: {
    rest_url: 'https://api.coinbase.com/api/v3/brokerage/market',
    ws_url: 'wss://advanced-trade-ws.coinbase.com',
  },
  stream: {
    // `sequence_num` counts every frame of the connection, acknowledgements and heartbeats included.
    dance: { kind: 'connectionSequence' },
    tradeIds: 'dense',
    link: {
      // Heartbeats come every second once asked for.
      silenceMs: 15_000,
      lifetimeMs: null,
      maxSubscriptionsPerConnection: 60,
      sendsPerSecond: 6,
      connectsPerMinute: 60,
      // One snapshot of BTC-USD is about 5 MB.
      maxFrameBytes: 48 * 1024 * 1024,
    },
    route: () => ({ endpoint: 'ws_url', path: '' }),
    subscribe: (subscriptions) => request('subscribe', subscriptions),
    unsubscribe: (subscriptions) => request('unsubscribe', subscriptions),
    // Channels close after about a minute without data; heartbeats keep a quiet market's open.
    greet: ['{"type":"subscribe","channel":"heartbeats"}'],
    decode,
  },
  listings,
  quotes,
  candles,
  depth,
  recentTrades,
}

/**
 * Its only candle channel has five-minute candles, and ours is the one-minute one: `candle` asks for nothing,
 * and bars of this venue are built from its trades alone.
 */
const CHANNEL_NAMES: Readonly<Partial<Record<Channel, string>>> = { book: 'level2', trades: 'market_trades' }
const PRODUCTS_PER_FRAME = 30

function request(type: string, subscriptions: readonly Subscription[]): readonly string[] {
  return Object.entries(CHANNEL_NAMES).flatMap(([ours, channel]) => {
    const products = subscriptions.filter((asked) => asked.channel === ours).map(({ spelling }) => spelling)
    return inGroups(products, PRODUCTS_PER_FRAME).map((group) =>
      JSON.stringify({ type, product_ids: group, channel }),
    )
  })
}

/** `{"side":"offer","event_time":"2026-08-24T22:34:13.592233Z","price_level":"78856.06","new_quantity":"0.18983152"}` */
const update = z.object({
  side: z.enum(['bid', 'offer']),
  event_time: z.string(),
  price_level: amount,
  new_quantity: amount,
})

/** `{"type":"update","product_id":"BTC-USD","updates":[…]}` */
const book = z.object({
  type: z.enum(['snapshot', 'update']),
  product_id: z.string(),
  updates: z.array(update),
})

/** `{"trade_id":"995098663","product_id":"BTC-USD","price":"68923.67","size":"0.00064","side":"SELL","time":"2026-04-07T00:28:58.544778Z"}` */
const trade = z.object({
  trade_id: z.string().min(1),
  product_id: z.string(),
  price: amount,
  size: amount,
  side: z.enum(['BUY', 'SELL']),
  time: z.string().refine((text) => instantOf(text) !== null, 'not an instant'),
})

/** The hand-written guards of the hot frames and the shapes that explain what they refuse: the two must agree. */
export const coinbaseFrames = {
  book: { isSound: isBook, shape: book },
  trade: { isSound: isTrade, shape: trade },
} as const

function isBook(event: Fields): event is z.output<typeof book> {
  const { type, product_id, updates } = event
  if ((type !== 'snapshot' && type !== 'update') || typeof product_id !== 'string') return false
  return Array.isArray(updates) && updates.every(isUpdate)
}

function isUpdate(entry: unknown): boolean {
  if (!isObject(entry)) return false
  const { side, event_time, price_level, new_quantity } = entry
  return (
    (side === 'bid' || side === 'offer') &&
    typeof event_time === 'string' &&
    isAmount(price_level) &&
    isAmount(new_quantity)
  )
}

function isTrade(entry: Fields): entry is z.output<typeof trade> {
  const { trade_id, product_id, price, size, side, time } = entry
  return (
    typeof trade_id === 'string' &&
    trade_id !== '' &&
    typeof product_id === 'string' &&
    isAmount(price) &&
    isAmount(size) &&
    (side === 'BUY' || side === 'SELL') &&
    typeof time === 'string' &&
    instantOf(time) !== null
  )
}

function decode(frame: string): Decoded {
  const message = parseJson(frame)
  if (!isObject(message)) return { malformed: 'not a JSON object' }
  // {"type":"error","message":"authentication failure"}: not counted, and the connection stays.
  if (message['type'] === 'error') {
    const reason = String(message['message'] ?? 'error').slice(0, 200)
    return { events: [{ kind: 'refused', channel: null, spelling: null, reason }], sequence: null }
  }
  const { channel, sequence_num: sequence, events } = message
  if (typeof channel !== 'string') return { malformed: 'channel: missing' }
  if (!isWhole(sequence)) return { malformed: 'sequence_num: not a whole number' }
  if (!Array.isArray(events)) return { malformed: 'events: not a list' }
  const read = READERS.get(channel)
  if (read === undefined) return { events: [], sequence }
  const said: MarketEvent[] = []
  for (const event of events) {
    const malformed = isObject(event) ? read(event, said, message) : 'events: not objects'
    if (malformed !== null) return { malformed }
  }
  return { events: said, sequence }
}

/** Adds what one event says to `said`; answers what is malformed about it, or null. */
type EventReader = (event: Fields, said: MarketEvent[], message: Fields) => string | null

const READERS: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ['l2_data', readBook],
  ['market_trades', readTrades],
  ['subscriptions', readSubscriptions],
  ['heartbeats', readHeartbeat],
])

function readBook(event: Fields, said: MarketEvent[], message: Fields): string | null {
  if (!isBook(event)) return explain('l2_data', book, event)
  const bids: LevelChange[] = []
  const asks: LevelChange[] = []
  for (const { side, price_level, new_quantity } of event.updates) {
    ;(side === 'bid' ? bids : asks).push([price_level, new_quantity])
  }
  const common = {
    spelling: event.product_id,
    bids,
    asks,
    checksum: null,
    observedAt: observedAt(event, message),
  }
  said.push(
    event.type === 'snapshot'
      ? { kind: 'bookSnapshot', ...common, sequence: null }
      : { kind: 'bookDelta', ...common, first: null, last: null, previous: null },
  )
  return null
}

/** The engine's own time where there is one; the envelope's is when it was sent, a batch later. */
function observedAt(event: z.output<typeof book>, { timestamp }: Fields): number | null {
  const text = event.updates.at(-1)?.event_time ?? timestamp
  return typeof text === 'string' ? instantOf(text) : null
}

function readTrades(event: Fields, said: MarketEvent[]): string | null {
  const { type, trades } = event
  if (!Array.isArray(trades)) return 'trades: not a list'
  const newestFirst: TradeEvent[] = []
  for (const entry of trades) {
    if (!isObject(entry) || !isTrade(entry)) return explain('market_trades', trade, entry)
    newestFirst.push({
      kind: 'trade',
      spelling: entry.product_id,
      id: entry.trade_id,
      price: entry.price,
      size: entry.size,
      // `side` is the maker's: a SELL rested on the ask and was bought.
      takerSide: entry.side === 'SELL' ? 'BUY' : 'SELL',
      executedAt: Date.parse(entry.time),
      isBackfill: type === 'snapshot',
    })
  }
  said.push(...newestFirst.toReversed())
  return null
}

/** `{"subscriptions":{"level2":["BTC-USD"],"heartbeats":["heartbeats"]}}`: everything held so far, every time. */
function readSubscriptions(event: Fields, said: MarketEvent[]): string | null {
  const held = event['subscriptions']
  if (!isObject(held)) return 'subscriptions: not an object'
  for (const channel of ['book', 'trades'] as const) {
    const products = held[CHANNEL_NAMES[channel] ?? '']
    for (const spelling of Array.isArray(products) ? products : []) {
      if (typeof spelling === 'string') said.push({ kind: 'acknowledged', channel, spelling })
    }
  }
  return null
}

function readHeartbeat(_: Fields, said: MarketEvent[]): null {
  said.push({ kind: 'heartbeat' })
  return null
}
