/**
 * OKX: its facts and its public and business streams of spot markets. Hides its envelopes, its text ping
 * and its reversed candle pages. Its REST half is `okx-rest.ts`.
 *
 * https://www.okx.com/docs-v5/en/#order-book-trading-market-data
 */
import { z } from 'zod'
import type { Channel, Decoded, MarketEvent, TradeEvent } from '../domain/event.ts'
import {
  amount,
  explain,
  isAmount,
  isObject,
  isWhole,
  isWholeText,
  parseJson,
  whole,
  wholeText,
} from '../wire/json.ts'
import type { Fields } from '../wire/json.ts'
import { inGroups } from '../wire/reply.ts'
import { derivatives } from './okx-futures.ts'
import { candles, depth, listings, quotes, recentTrades } from './okx-rest.ts'
import type { Subscription, VenueSource } from './source.ts'

export const okx: VenueSource = {
  id: 'OKX',
  docs: 'https://www.okx.com/docs-v5/en/',
  // Each path has a limit of its own per two seconds; the tightest of those we use often is 20, so a weight
  // of one is one call of those and the rarer ones at 10 weigh two.
  budget: { unitsPerMinute: 600 },
  defaults: {
    rest_url: 'https://www.okx.com',
    ws_url: 'wss://ws.okx.com:8443/ws/v5/public',
    business_ws_url: 'wss://ws.okx.com:8443/ws/v5/business',
  },
  stream: {
    // The checksum is fixed at 0 since 2026-06; `seqId`/`prevSeqId` is what holds.
    dance: { kind: 'chain' },
    tradeIds: 'dense',
    link: {
      // Cut after 30 s without traffic. Text both ways, not a WebSocket ping.
      keepalive: { everyMs: 25_000, frame: 'ping' },
      silenceMs: 35_000,
      lifetimeMs: null,
      // The venue asks for fewer than 30 depth channels on one connection.
      maxSubscriptionsPerConnection: 29,
      sendsPerSecond: 3,
      connectsPerMinute: 180,
      maxFrameBytes: 4 * 1024 * 1024,
    },
    route: (channel) => ({ endpoint: channel === 'candle' ? 'business_ws_url' : 'ws_url', path: '' }),
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

const CHANNEL_NAMES: Readonly<Record<Channel, string>> = {
  book: 'books',
  trades: 'trades',
  candle: 'candle1m',
}
/** Our channel for theirs. The tick-by-tick books speak the same frames; archives hold them. */
const CHANNELS: ReadonlyMap<unknown, Channel> = new Map([
  ['books', 'book'],
  ['books-l2-tbt', 'book'],
  ['books50-l2-tbt', 'book'],
  ['trades', 'trades'],
  ['candle1m', 'candle'],
])
/** Far below the 64 KB a message may have. */
const ARGS_PER_FRAME = 100

function request(op: string, subscriptions: readonly Subscription[], id: number): readonly string[] {
  const args = subscriptions.map(({ channel, spelling }) => ({
    channel: CHANNEL_NAMES[channel],
    instId: spelling,
  }))
  return inGroups(args, ARGS_PER_FRAME).map((group, index) =>
    JSON.stringify({ id: String(id + index), op, args: group }),
  )
}

/** `["78722.3","0.38699412","0","10"]`: price, size, a retired field, count of orders. */
const level = z.tuple([amount, amount], z.unknown())

/** `{"asks":[["78729.9","0","0","0"]],"bids":[],"ts":"1787612486107","checksum":0,"seqId":80274874887,"prevSeqId":80274874860}` */
const book = z.object({
  asks: z.array(level),
  bids: z.array(level),
  ts: wholeText,
  checksum: z.number().optional(),
  // Archives from before 2023 have none. A chained book cannot follow such a frame and says so.
  seqId: whole.optional(),
  prevSeqId: z.int().min(-1).optional(),
})

/** `{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3"}` */
const trade = z.object({
  instId: z.string(),
  tradeId: z.string().min(1),
  px: amount,
  sz: amount,
  side: z.enum(['buy', 'sell']),
  ts: wholeText,
  // Archives from before 2023 have none.
  count: wholeText.optional(),
})

/** `["1597026383085","8533.02","8553.74","8527.17","8548.26","45247","529.5858061","5529.5858061","1"]` */
const candle = z.tuple(
  [wholeText, amount, amount, amount, amount, amount, z.string(), z.string(), z.enum(['0', '1'])],
  z.unknown(),
)

/** The hand-written guards of the hot frames and the shapes that explain what they refuse: the two must agree. */
export const okxFrames = {
  book: { isSound: isBook, shape: book },
  trade: { isSound: isTrade, shape: trade },
} as const

function isLevels(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const entry of value) {
    if (!Array.isArray(entry) || entry.length < 2 || !isAmount(entry[0]) || !isAmount(entry[1])) return false
  }
  return true
}

function isBook(data: Fields): data is z.output<typeof book> {
  const { asks, bids, ts, checksum, seqId, prevSeqId } = data
  return (
    isLevels(asks) &&
    isLevels(bids) &&
    isWholeText(ts) &&
    (checksum === undefined || Number.isFinite(checksum)) &&
    (seqId === undefined || isWhole(seqId)) &&
    (prevSeqId === undefined || prevSeqId === -1 || isWhole(prevSeqId))
  )
}

function isTrade(data: Fields): data is z.output<typeof trade> {
  const { instId, tradeId, px, sz, side, ts, count } = data
  return (
    typeof instId === 'string' &&
    typeof tradeId === 'string' &&
    tradeId !== '' &&
    isAmount(px) &&
    isAmount(sz) &&
    (side === 'buy' || side === 'sell') &&
    isWholeText(ts) &&
    (count === undefined || isWholeText(count))
  )
}

const NOTHING: Decoded = { events: [], sequence: null }
const said = (...events: readonly MarketEvent[]): Decoded => ({ events, sequence: null })

function decode(frame: string): Decoded {
  if (frame === 'pong') return said({ kind: 'heartbeat' })
  const message = parseJson(frame)
  if (!isObject(message)) return { malformed: 'not a JSON object' }
  if ('event' in message) return decodeNotice(message)
  const { arg, data } = message
  if (!isObject(arg) || typeof arg['channel'] !== 'string') return { malformed: 'arg: missing' }
  const channel = CHANNELS.get(arg['channel'])
  if (channel === undefined) return NOTHING
  if (typeof arg['instId'] !== 'string') return { malformed: 'arg.instId: not a string' }
  if (!Array.isArray(data)) return { malformed: 'data: not a list' }
  if (channel === 'book') return decodeBook(arg['instId'], message['action'], data)
  return channel === 'trades' ? decodeTrades(data) : decodeCandles(arg['instId'], data)
}

function decodeBook(spelling: string, action: unknown, data: readonly unknown[]): Decoded {
  if (action !== 'snapshot' && action !== 'update')
    return { malformed: 'action: neither snapshot nor update' }
  const events: MarketEvent[] = []
  for (const entry of data) {
    if (!isObject(entry) || !isBook(entry)) return { malformed: explain('books', book, entry) }
    const common = {
      spelling,
      bids: cut(entry.bids),
      asks: cut(entry.asks),
      checksum: entry.checksum === undefined || entry.checksum === 0 ? null : entry.checksum,
      observedAt: Number(entry.ts),
    }
    events.push(
      action === 'snapshot'
        ? { kind: 'bookSnapshot', ...common, sequence: entry.seqId ?? null }
        : {
            kind: 'bookDelta',
            ...common,
            first: null,
            last: entry.seqId ?? null,
            previous: entry.prevSeqId ?? null,
          },
    )
  }
  return { events, sequence: null }
}

/** Price and size; the count of orders is not ours to pass on. */
function cut(
  levels: readonly (readonly [string, string, ...unknown[]])[],
): readonly (readonly [string, string])[] {
  return levels.map((entry) => [entry[0], entry[1]])
}

function decodeTrades(data: readonly unknown[]): Decoded {
  const events: TradeEvent[] = []
  for (const entry of data) {
    if (!isObject(entry) || !isTrade(entry)) return { malformed: explain('trades', trade, entry) }
    events.push({
      kind: 'trade',
      spelling: entry.instId,
      id: entry.tradeId,
      price: entry.px,
      size: entry.sz,
      takerSide: entry.side === 'buy' ? 'BUY' : 'SELL',
      executedAt: Number(entry.ts),
      // `count` fills of one order at one price are one trade here, under the id of the last of them.
      ...(entry.count === undefined || entry.count === '1' ? {} : { fills: Number(entry.count) }),
      isBackfill: false,
    })
  }
  return { events, sequence: null }
}

function decodeCandles(spelling: string, data: readonly unknown[]): Decoded {
  const events: MarketEvent[] = []
  for (const entry of data) {
    const shaped = candle.safeParse(entry)
    if (!shaped.success) return { malformed: explain('candle1m', candle, entry) }
    const [ts, open, high, low, close, volume, , , confirm] = shaped.data
    events.push({
      kind: 'candle',
      spelling,
      interval: 'M1',
      openTime: Number(ts),
      open,
      high,
      low,
      close,
      volume,
      isClosed: confirm === '1',
    })
  }
  return { events, sequence: null }
}

/** `{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"32f4414f"}`, and everything else about the link. */
function decodeNotice(message: Fields): Decoded {
  const { event, arg, code, msg } = message
  const named = isObject(arg) ? arg : namedIn(msg)
  const channel = CHANNELS.get(named['channel']) ?? null
  const spelling = typeof named['instId'] === 'string' ? named['instId'] : null
  switch (event) {
    case 'subscribe':
      return said({ kind: 'acknowledged', channel, spelling })
    case 'error':
    case 'channel-conn-count-error':
      return said({
        kind: 'refused',
        channel,
        spelling,
        reason: `${String(code ?? event)} ${String(msg ?? '')}`.trim().slice(0, 200),
      })
    case 'notice':
      // 64008: the connection is to be upgraded in about a minute.
      return said({ kind: 'closing', reason: `${String(code)} ${String(msg)}`.slice(0, 200) })
    default:
      return typeof event === 'string' ? NOTHING : { malformed: 'event: not a string' }
  }
}

/** `"Wrong URL or channel:books,instId:BTC-USDX doesn't exist. …"`: an error names its argument in prose only. */
function namedIn(msg: unknown): Fields {
  const found = typeof msg === 'string' ? /channel:([\w-]+),\s*instId:([\w-]+)/.exec(msg) : null
  return found === null ? {} : { channel: found[1], instId: found[2] }
}
