/**
 * Binance: its facts and its one combined stream of spot markets. Hides its field letters, its message
 * limits and its spelling (`BTCUSDT`, lower case in stream names). Its REST half is `binance-rest.ts`.
 *
 * https://developers.binance.com/docs/binance-spot-api-docs
 */
import { z } from 'zod'
import type { Decoded, MarketEvent } from '../domain/event.ts'
import { amount, explain, isAmount, isObject, isWhole, parseJson, whole } from '../wire/json.ts'
import type { Fields } from '../wire/json.ts'
import { inGroups } from '../wire/reply.ts'
import { derivatives } from './binance-futures.ts'
import { candles, depth, listings, quotes, recentTrades, usedWeight } from './binance-rest.ts'
import type { Subscription, VenueSource } from './source.ts'

const MINUTE = '1m'

export const binance: VenueSource = {
  id: 'BINANCE',
  docs: 'https://developers.binance.com/docs/binance-spot-api-docs',
  // exchangeInfo.rateLimits names REQUEST_WEIGHT 6,000 a minute; every reply says how much of it is used.
  budget: { unitsPerMinute: 6000, usedFrom: usedWeight },
  defaults: {
    rest_url: 'https://data-api.binance.vision',
    futures_rest_url: 'https://fapi.binance.com',
    ws_url: 'wss://data-stream.binance.vision',
  },
  stream: {
    dance: { kind: 'rangeJoin' },
    tradeIds: 'dense',
    link: {
      // The server pings every 20 s on its own; asking for our list as well proves that it still listens to us.
      keepalive: { everyMs: 20_000, frame: '{"method":"LIST_SUBSCRIPTIONS","id":0}' },
      silenceMs: 45_000,
      lifetimeMs: 24 * 3_600_000,
      maxSubscriptionsPerConnection: 1024,
      // Five a second, and our PONGs count too.
      sendsPerSecond: 4,
      connectsPerMinute: 60,
      maxFrameBytes: 4 * 1024 * 1024,
    },
    route: () => ({ endpoint: 'ws_url', path: '/stream' }),
    subscribe: (subscriptions, id) => request('SUBSCRIBE', subscriptions, id),
    unsubscribe: (subscriptions, id) => request('UNSUBSCRIBE', subscriptions, id),
    decode,
  },
  listings,
  quotes,
  candles,
  depth,
  recentTrades,
  derivatives,
}

const STREAM_NAMES = { book: 'depth@100ms', trades: 'trade', candle: `kline_${MINUTE}` } as const
/** Keeps a frame far below what the server takes in one message. */
const STREAMS_PER_FRAME = 200

function request(method: string, subscriptions: readonly Subscription[], id: number): readonly string[] {
  const names = subscriptions.map(
    ({ channel, spelling }) => `${spelling.toLowerCase()}@${STREAM_NAMES[channel]}`,
  )
  return inGroups(names, STREAMS_PER_FRAME).map((params, index) =>
    JSON.stringify({ method, params, id: id + index }),
  )
}

const level = z.tuple([amount, amount])

/** `{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":500,"u":513,"b":[["61737.63000000","0.00000000"]],"a":[]}` */
const depthUpdate = z.object({
  E: whole,
  s: z.string(),
  U: whole,
  u: whole,
  b: z.array(level),
  a: z.array(level),
})

/** `{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true,"M":true}` */
const trade = z.object({ s: z.string(), t: whole, p: amount, q: amount, T: whole, m: z.boolean() })

/** `{"e":"kline","E":1618677371000,"s":"SWRVBUSD","k":{"t":1618677360000,"i":"1m","o":"2.277","c":"2.277","h":"2.277","l":"2.276","v":"9.826","x":false}}` */
const kline = z.object({
  s: z.string(),
  k: z.object({
    t: whole,
    i: z.string(),
    o: amount,
    h: amount,
    l: amount,
    c: amount,
    v: amount,
    x: z.boolean(),
  }),
})

/** The hand-written guards of the hot frames and the shapes that explain what they refuse: the two must agree. */
export const binanceFrames = {
  depthUpdate: { isSound: isDepthUpdate, shape: depthUpdate },
  trade: { isSound: isTrade, shape: trade },
} as const

function isLevels(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const entry of value) {
    if (!Array.isArray(entry) || entry.length !== 2 || !isAmount(entry[0]) || !isAmount(entry[1]))
      return false
  }
  return true
}

function isDepthUpdate(data: Fields): data is z.output<typeof depthUpdate> {
  const { E, s, U, u, b, a } = data
  return isWhole(E) && typeof s === 'string' && isWhole(U) && isWhole(u) && isLevels(b) && isLevels(a)
}

function isTrade(data: Fields): data is z.output<typeof trade> {
  const { s, t, p, q, T, m } = data
  return (
    typeof s === 'string' && isWhole(t) && isAmount(p) && isAmount(q) && isWhole(T) && typeof m === 'boolean'
  )
}

const NOTHING: Decoded = { events: [], sequence: null }
const said = (event: MarketEvent): Decoded => ({ events: [event], sequence: null })

function decode(frame: string): Decoded {
  const message = parseJson(frame)
  if (!isObject(message)) return { malformed: 'not a JSON object' }
  const data = 'stream' in message ? message['data'] : message
  if (!isObject(data)) return { malformed: 'data: not an object' }
  switch (data['e']) {
    case 'depthUpdate':
      return decodeDepth(data)
    case 'trade':
      return decodeTrade(data)
    case 'kline':
      return decodeKline(data)
    case 'serverShutdown':
      return said({ kind: 'closing', reason: 'server shutdown announced' })
    case undefined:
      return decodeNameless(message, data)
    default:
      return typeof data['e'] === 'string' ? NOTHING : { malformed: 'e: not a string' }
  }
}

function decodeDepth(data: Fields): Decoded {
  if (!isDepthUpdate(data)) return { malformed: explain('depthUpdate', depthUpdate, data) }
  return said({
    kind: 'bookDelta',
    spelling: data.s,
    bids: data.b,
    asks: data.a,
    first: data.U,
    last: data.u,
    previous: null,
    checksum: null,
    observedAt: data.E,
  })
}

function decodeTrade(data: Fields): Decoded {
  if (!isTrade(data)) return { malformed: explain('trade', trade, data) }
  return said({
    kind: 'trade',
    spelling: data.s,
    id: String(data.t),
    price: data.p,
    size: data.q,
    // `m`: the buyer was the maker, so the taker sold.
    takerSide: data.m ? 'SELL' : 'BUY',
    executedAt: data.T,
    isBackfill: false,
  })
}

function decodeKline(data: Fields): Decoded {
  const shaped = kline.safeParse(data)
  if (!shaped.success) return { malformed: explain('kline', kline, data) }
  const { s, k } = shaped.data
  if (k.i !== MINUTE) return NOTHING
  return said({
    kind: 'candle',
    spelling: s,
    interval: 'M1',
    openTime: k.t,
    open: k.o,
    high: k.h,
    low: k.l,
    close: k.c,
    volume: k.v,
    isClosed: k.x,
  })
}

/** Frames without an event name: replies to us, and two streams we never ask for. */
function decodeNameless(message: Fields, data: Fields): Decoded {
  const { stream } = message
  if (stream !== undefined) {
    return typeof stream === 'string' && /@(?:bookTicker|depth\d+)/.test(stream)
      ? NOTHING
      : { malformed: 'e: missing' }
  }
  // {"code":2,"msg":"Invalid request: …","id":1}, of late also {"error":{"code":2,"msg":"…"},"id":1}
  const error = isObject(data['error']) ? data['error'] : data
  if (typeof error['msg'] === 'string') {
    return said({ kind: 'refused', channel: null, spelling: null, reason: error['msg'].slice(0, 200) })
  }
  // {"result":null,"id":1}; an unknown symbol is accepted just the same and never sends anything.
  if (data['result'] === null) return said({ kind: 'acknowledged', channel: null, spelling: null })
  // {"result":["btcusdt@trade"],"id":0}: the answer to our keepalive.
  if (Array.isArray(data['result'])) return said({ kind: 'heartbeat' })
  return 'u' in data && 'B' in data ? NOTHING : { malformed: 'e: missing' }
}
