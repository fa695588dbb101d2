/** Kraken's WebSocket v2 as it stands on the wire: bare numbers with their zeros, books cut to a depth, and a checksum over the ten best. */
import type { Frame, Link } from './link.ts'
import { bookText, candlesFrame, CHECKED, checksumOf, stamp, tradesFrame } from './kraken-frames.ts'
import type { View } from './kraken-frames.ts'
import { krakenRest, spellingOf } from './kraken-rest.ts'
import { foldBars } from './chart.ts'
import type { Change, Market, Moment } from './market.ts'
import { Board } from './site.ts'
import type { StreamSide, VenueServer, VenueSite } from './site.ts'
import { MINUTE_MS } from './world.ts'

const DEPTHS: ReadonlySet<unknown> = new Set([10, 25, 100, 500, 1000])
const SNAPSHOT_TRADES = 50

export function krakenServer(site: VenueSite): VenueServer {
  return { rest: krakenRest(site), stream: streamSide(site) }
}

function streamSide(site: VenueSite): StreamSide {
  const board = new Board()
  const views = new Map<string, View>()
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  const connections = { count: 0 }
  return {
    paths: ['/v2'],
    opened: (link) => {
      // Larger than a JavaScript number can hold, as in life.
      const id = `112785720444739${String(60_800 + connections.count++).padStart(5, '0')}`
      link.send(
        control(
          `{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":${id}}]}`,
        ),
      )
    },
    closed: (link) => board.drop(link),
    heard: (link, text) => hear(link, text, { site, board, bySpelling, views }),
    moved: (market, moment) => {
      sendTrades(market, moment, { site, board })
      for (const depth of DEPTHS) sendBook(market, Number(depth), { site, board, views })
    },
    second: () => {
      const seen = new Set<Link>()
      for (const topic of board.topics()) for (const link of board.readers(topic) ?? []) seen.add(link)
      for (const link of seen) link.send({ kind: 'heartbeat', symbol: null, text: '{"channel":"heartbeat"}' })
    },
    shutdownNotice: () => null,
  }
}

const control = (text: string): Frame => ({ kind: 'control', symbol: null, text })

interface Hearing {
  readonly site: VenueSite
  readonly board: Board
  readonly bySpelling: ReadonlyMap<string, Market>
  readonly views: Map<string, View>
}

interface Request {
  readonly method?: unknown
  readonly req_id?: unknown
  readonly params?: {
    readonly channel?: unknown
    readonly symbol?: unknown
    readonly depth?: unknown
    readonly snapshot?: unknown
    readonly interval?: unknown
  }
}

function hear(link: Link, text: string, hearing: Hearing): void {
  const { site } = hearing
  let message: Request
  try {
    message = JSON.parse(text) as Request
  } catch {
    link.send(
      control(
        JSON.stringify({
          error: 'Malformed request',
          success: false,
          time_in: stamp(site.time()),
          time_out: stamp(site.time()),
        }),
      ),
    )
    return
  }
  const times = {
    ...(message.req_id === undefined ? {} : { req_id: message.req_id }),
    time_in: stamp(site.time()),
    time_out: stamp(site.time()),
  }
  const { method, params = {} } = message
  if (method === 'ping') {
    link.send(control(JSON.stringify({ method: 'pong', ...times })))
    return
  }
  if ((method !== 'subscribe' && method !== 'unsubscribe') || typeof params.channel !== 'string') {
    link.send(
      control(
        JSON.stringify({ method: String(method), success: false, error: 'Unsupported method', ...times }),
      ),
    )
    return
  }
  const symbols = Array.isArray(params.symbol) ? params.symbol.map(String) : ['']
  for (const symbol of symbols) {
    const refusal = refusalOf(params, hearing.bySpelling.get(symbol), symbol)
    if (refusal === null)
      accept(link, { method, params, market: hearing.bySpelling.get(symbol)!, times }, hearing)
    else link.send(control(JSON.stringify({ method, success: false, error: refusal, symbol, ...times })))
  }
}

function refusalOf(
  { channel, depth }: NonNullable<Request['params']>,
  market: Market | undefined,
  symbol: string,
): string | null {
  if (channel !== 'book' && channel !== 'trade' && channel !== 'ohlc' && channel !== 'ticker')
    return 'Unsupported channel'
  if (market === undefined) return `Currency pair not supported ${symbol}`
  return channel === 'book' && depth !== undefined && !DEPTHS.has(depth)
    ? 'Subscription depth not supported'
    : null
}

interface Accepted {
  readonly method: 'subscribe' | 'unsubscribe'
  readonly params: NonNullable<Request['params']>
  readonly market: Market
  readonly times: object
}

function accept(link: Link, { method, params, market, times }: Accepted, hearing: Hearing): void {
  const { site, board } = hearing
  const channel = String(params.channel)
  const symbol = spellingOf(market)
  const depth = Number(params.depth ?? CHECKED)
  const topic = channel === 'book' ? `book ${depth} ${symbol}` : `${channel} ${symbol}`
  const wantsSnapshot = params.snapshot !== false
  const result = {
    channel,
    ...(channel === 'book' ? { depth } : {}),
    ...(channel === 'ohlc' ? { interval: 1, warnings: ['timestamp is deprecated, use interval_begin'] } : {}),
    ...(method === 'subscribe' ? { snapshot: wantsSnapshot } : {}),
    symbol,
  }
  link.send(control(JSON.stringify({ method, result, success: true, ...times })))
  if (method === 'unsubscribe') {
    board.remove(link, topic)
    return
  }
  site.wake(market)
  board.add(link, topic)
  if (channel === 'book') link.send(bookSnapshot(market, depth, hearing))
  if (!wantsSnapshot) return
  if (channel === 'trade')
    link.send(tradesFrame(market, { type: 'snapshot', trades: market.tradesSoFar().slice(-SNAPSHOT_TRADES) }))
  if (channel === 'ohlc') {
    const at = site.now()
    const openAt = Math.floor(at / MINUTE_MS) * MINUTE_MS
    link.send(
      candlesFrame(market, {
        type: 'snapshot',
        bars: market.bars('M1', { from: openAt - 9 * MINUTE_MS, to: at + 1, at }),
        at: site.time(),
      }),
    )
  }
}

function bookSnapshot(market: Market, depth: number, { site, views }: Hearing): Frame {
  const view = viewOf(market, depth)
  views.set(`${depth} ${market.symbol}`, view)
  return {
    kind: 'snapshot',
    symbol: market.symbol,
    text: bookText(market, { type: 'snapshot', ...view, checksum: checksumOf(market), at: site.time() }),
  }
}

function viewOf(market: Market, depth: number): View {
  const top = (ladder: Market['bids']): readonly Change[] =>
    ladder.prices.slice(0, depth).map((price, at) => [price, ladder.sizes[at]!])
  return { bids: top(market.bids), asks: top(market.asks) }
}

/** Only what a reader of this depth cannot know: what changed inside it, what came into it, and what was taken away. */
function sendBook(market: Market, depth: number, { site, board, views }: Omit<Hearing, 'bySpelling'>): void {
  const readers = board.readers(`book ${depth} ${spellingOf(market)}`)
  if (readers === undefined) return
  const key = `${depth} ${market.symbol}`
  const shown = views.get(key) ?? { bids: [], asks: [] }
  const view = viewOf(market, depth)
  views.set(key, view)
  const bids = differences(shown.bids, view.bids, market.bids)
  const asks = differences(shown.asks, view.asks, market.asks)
  if (bids.length + asks.length === 0) return
  const isLost = site.faults.strike('gap', 'KRAKEN', market.symbol)
  if (isLost) {
    // No number can be skipped here: an update is made and never sent.
    site.counts.gaps++
    return
  }
  const isBad = site.faults.strike('badChecksum', 'KRAKEN', market.symbol)
  if (isBad) site.counts.badChecksums++
  const checksum = isBad ? (checksumOf(market) ^ 0x5a5a) >>> 0 : checksumOf(market)
  const text = bookText(market, { type: 'update', bids, asks, checksum, at: site.time() })
  for (const link of readers) link.send({ kind: 'book', symbol: market.symbol, text })
}

function differences(
  shown: readonly Change[],
  now: readonly Change[],
  ladder: Market['bids'],
): readonly Change[] {
  const before = new Map(shown)
  const changes: Change[] = []
  for (const [price, size] of now) {
    if (before.get(price) !== size) changes.push([price, size])
    before.delete(price)
  }
  // What was only pushed out of sight is not told: the reader cuts its book itself.
  for (const price of before.keys()) if (!ladder.prices.includes(price)) changes.unshift([price, 0])
  return changes
}

/** The trade comes before the update of the book it went through; candles follow it. */
function sendTrades(
  market: Market,
  { trades }: Moment,
  { site, board }: { readonly site: VenueSite; readonly board: Board },
): void {
  if (trades.length === 0) return
  const name = spellingOf(market)
  const readers = board.readers(`trade ${name}`)
  if (readers !== undefined) {
    const frame = tradesFrame(market, { type: 'update', trades })
    for (const link of readers) link.send(frame)
  }
  const watchers = board.readers(`ohlc ${name}`)
  if (watchers === undefined) return
  const at = site.now()
  const openAt = Math.floor(at / MINUTE_MS) * MINUTE_MS
  const frame = candlesFrame(market, {
    type: 'update',
    bars: [foldBars(market.bars('M1', { from: openAt, to: openAt + 1, at }))],
    at: site.time(),
  })
  for (const link of watchers) link.send(frame)
}
