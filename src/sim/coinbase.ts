/** Coinbase Advanced Trade as it stands on the wire: one channel a message, every frame of a connection counted, snapshots that may come before their acknowledgement. */
import { coinbaseRest, makerSide, priced, sized, spellingOf, stamp } from './coinbase-rest.ts'
import type { FrameKind } from './faults.ts'
import type { Frame, Link } from './link.ts'
import { foldBars } from './chart.ts'
import type { Change, Market } from './market.ts'
import { Board } from './site.ts'
import type { StreamSide, VenueServer, VenueSite } from './site.ts'
import type { Trade } from './tape.ts'

const CHANNELS: ReadonlySet<string> = new Set([
  'level2',
  'market_trades',
  'ticker',
  'candles',
  'heartbeats',
  'status',
])
const SNAPSHOT_TRADES = 50
const FIVE_MINUTES_MS = 300_000

export function coinbaseServer(site: VenueSite): VenueServer {
  return { rest: coinbaseRest(site), stream: streamSide(site) }
}

function streamSide(site: VenueSite): StreamSide {
  const board = new Board()
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  const heartbeats = { count: 0 }
  return {
    paths: ['/', ''],
    opened: () => {},
    closed: (link) => board.drop(link),
    heard: (link, text) => hear(link, text, { site, board, bySpelling }),
    moved: (market, moment) => {
      const name = spellingOf(market)
      if (moment.trades.length > 0)
        tell(
          board.readers(`market_trades ${name}`),
          tradesFrame(site, market, { type: 'update', trades: moment.trades }),
        )
      if (moment.bids.length + moment.asks.length > 0)
        tell(
          board.readers(`level2 ${name}`),
          bookFrame(site, market, { type: 'update', bids: moment.bids, asks: moment.asks }),
        )
    },
    second: (at) => {
      tell(
        board.readers('heartbeats'),
        frameOf(site, {
          kind: 'heartbeat',
          symbol: null,
          channel: 'heartbeats',
          events: JSON.stringify([
            {
              current_time: `${new Date(site.time()).toISOString()} +0000 UTC m=+${heartbeats.count}.0`,
              heartbeat_counter: heartbeats.count++,
            },
          ]),
        }),
      )
      for (const [name, market] of bySpelling) {
        const readers = board.readers(`candles ${name}`)
        if (readers !== undefined) tell(readers, candleFrame(site, market, at))
      }
    },
    shutdownNotice: () => null,
  }
}

function tell(readers: ReadonlySet<Link> | undefined, frame: Frame): void {
  for (const link of readers ?? []) link.send(frame)
}

interface Hearing {
  readonly site: VenueSite
  readonly board: Board
  readonly bySpelling: ReadonlyMap<string, Market>
}

function hear(link: Link, text: string, { site, board, bySpelling }: Hearing): void {
  const fail = (message: string): void =>
    link.send({ kind: 'control', symbol: null, text: JSON.stringify({ type: 'error', message }) })
  let message: { readonly type?: unknown; readonly channel?: unknown; readonly product_ids?: unknown }
  try {
    message = JSON.parse(text) as typeof message
  } catch {
    fail('failed to parse message')
    return
  }
  const { type, channel, product_ids: ids = [] } = message
  if ((type !== 'subscribe' && type !== 'unsubscribe') || typeof channel !== 'string') {
    fail('unknown message type')
    return
  }
  if (!CHANNELS.has(channel)) {
    fail('authentication failure')
    return
  }
  const products = (Array.isArray(ids) ? ids : []).map(String)
  const wrong = products.filter((id) => !bySpelling.has(id))
  if (wrong.length > 0) {
    fail(`${wrong.join(', ')} is not a valid product`)
    return
  }
  if (type === 'unsubscribe') for (const topic of topicsOf(channel, products)) board.remove(link, topic)
  else subscribe(link, { channel, products, site, board, bySpelling })
  link.send(
    frameOf(site, {
      kind: 'control',
      symbol: null,
      channel: 'subscriptions',
      events: JSON.stringify([{ subscriptions: subscriptionsOf(link) }]),
    }),
  )
}

const topicsOf = (channel: string, products: readonly string[]): readonly string[] =>
  channel === 'heartbeats' ? [channel] : products.map((id) => `${channel} ${id}`)

/** The snapshot goes out first: the venue's acknowledgement may come after it. */
function subscribe(
  link: Link,
  {
    channel,
    products,
    site,
    board,
    bySpelling,
  }: Hearing & { readonly channel: string; readonly products: readonly string[] },
): void {
  for (const topic of topicsOf(channel, products)) board.add(link, topic)
  for (const id of products) {
    const market = bySpelling.get(id)!
    site.wake(market)
    if (channel === 'level2')
      link.send(bookFrame(site, market, { type: 'snapshot', bids: all(market.bids), asks: all(market.asks) }))
    if (channel === 'market_trades')
      link.send(
        tradesFrame(site, market, { type: 'snapshot', trades: market.tradesSoFar().slice(-SNAPSHOT_TRADES) }),
      )
  }
}

const all = (ladder: Market['bids']): readonly Change[] =>
  ladder.prices.map((price, at) => [price, ladder.sizes[at]!])

function subscriptionsOf(link: Link): Record<string, string[]> {
  const subscriptions: Record<string, string[]> = {}
  for (const topic of link.topics) {
    const [channel = '', id] = topic.split(' ')
    const ids = (subscriptions[channel] ??= [])
    ids.push(id ?? 'heartbeats')
  }
  return subscriptions
}

interface Content {
  readonly kind: FrameKind
  readonly symbol: string | null
  readonly channel: string
  /** JSON. */
  readonly events: string
  readonly trades?: number
}

function frameOf(site: VenueSite, { kind, symbol, channel, events, trades }: Content): Frame {
  return {
    kind,
    symbol,
    text: `{"channel":"${channel}","timestamp":"${nanoseconds(site.time())}","sequence_num":`,
    tail: `,"events":${events}}`,
    ...(trades === undefined ? {} : { trades }),
  }
}

const nanoseconds = (at: number): string => new Date(at).toISOString().replace('Z', '123456Z')

function bookFrame(
  site: VenueSite,
  market: Market,
  {
    type,
    bids,
    asks,
  }: {
    readonly type: 'snapshot' | 'update'
    readonly bids: readonly Change[]
    readonly asks: readonly Change[]
  },
): Frame {
  const time = stamp(site.time())
  const side = (name: string, changes: readonly Change[]): readonly string[] =>
    changes.map(
      ([price, size]) =>
        `{"side":"${name}","event_time":"${time}","price_level":"${priced(market, price)}","new_quantity":"${sized(market, size)}"}`,
    )
  const updates = [...side('bid', bids), ...side('offer', asks)].join(',')
  return frameOf(site, {
    kind: type === 'snapshot' ? 'snapshot' : 'book',
    symbol: market.symbol,
    channel: 'l2_data',
    events: `[{"type":"${type}","product_id":"${spellingOf(market)}","updates":[${updates}]}]`,
  })
}

/** Newest first. */
function tradesFrame(
  site: VenueSite,
  market: Market,
  { type, trades }: { readonly type: 'snapshot' | 'update'; readonly trades: readonly Trade[] },
): Frame {
  const name = spellingOf(market)
  const rows = trades
    .toReversed()
    .map(
      (trade) =>
        `{"trade_id":"${trade.id}","product_id":"${name}","price":"${priced(market, trade.price)}","size":"${sized(market, trade.size)}","side":"${makerSide(trade)}","time":"${stamp(trade.at)}"}`,
    )
  return frameOf(site, {
    kind: 'trade',
    symbol: market.symbol,
    channel: 'market_trades',
    events: `[{"type":"${type}","trades":[${rows.join(',')}]}]`,
    trades: type === 'update' ? trades.length : 0,
  })
}

/** Five-minute candles are all this channel has. */
function candleFrame(site: VenueSite, market: Market, at: number): Frame {
  const start = Math.floor(at / FIVE_MINUTES_MS) * FIVE_MINUTES_MS
  const bar = foldBars(market.bars('M5', { from: start, to: start + 1, at }))
  const candles = [
    {
      start: String(start / 1000),
      high: priced(market, bar.high),
      low: priced(market, bar.low),
      open: priced(market, bar.open),
      close: priced(market, bar.close),
      volume: sized(market, bar.volume),
      product_id: spellingOf(market),
    },
  ]
  return frameOf(site, {
    kind: 'candle',
    symbol: market.symbol,
    channel: 'candles',
    events: JSON.stringify([{ type: 'update', candles }]),
  })
}
