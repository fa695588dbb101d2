/** OKX as it stands on the wire: an acknowledgement per argument, chained sequence ids, a checksum that is always 0, ping and pong as text. */
import type { Link } from './link.ts'
import { foldBars } from './chart.ts'
import type { Market, Moment } from './market.ts'
import { candleRow, FIRST_SEQUENCE, levels, okxRest, priced, sized, spellingOf } from './okx-rest.ts'
import type { SequenceIds } from './okx-rest.ts'
import { Board } from './site.ts'
import type { StreamSide, VenueServer, VenueSite } from './site.ts'
import { MINUTE_MS } from './world.ts'

const PUBLIC = '/ws/v5/public'
const BUSINESS = '/ws/v5/business'
const CHANNELS: Readonly<Record<string, readonly string[]>> = {
  [PUBLIC]: ['books', 'trades', 'tickers'],
  [BUSINESS]: ['candle1m'],
}
const QUIET_MS = 60_000

interface Argument {
  readonly channel: string
  readonly instId: string
}

interface Chain {
  readonly ids: SequenceIds
  /** When a book last said anything, for the empty update that proves it alive. */
  readonly spokeAt: Map<Market, number>
}

export function okxServer(site: VenueSite): VenueServer {
  const chain: Chain = { ids: new Map(), spokeAt: new Map() }
  return { rest: okxRest(site, chain.ids), stream: streamSide(site, chain) }
}

function streamSide(site: VenueSite, chain: Chain): StreamSide {
  const board = new Board()
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  return {
    paths: [PUBLIC, BUSINESS],
    opened: () => {},
    closed: (link) => board.drop(link),
    heard: (link, text) => hear(link, text, { site, board, bySpelling, ids: chain.ids }),
    moved: (market, moment) => {
      sendTrades(market, moment, board)
      sendBook(market, moment, { site, board, chain })
      sendTicker(market, { site, board })
    },
    second: (at) => {
      for (const [name, market] of bySpelling) {
        sendCandle(name, market, { board, at })
        if (at - (chain.spokeAt.get(market) ?? at) >= QUIET_MS)
          sendBook(market, { at, bids: [], asks: [], trades: [] }, { site, board, chain })
      }
    },
    shutdownNotice: () =>
      JSON.stringify({
        event: 'notice',
        code: '64008',
        msg: 'The connection will soon be closed for a service upgrade. Please reconnect.',
        connId: '0',
      }),
  }
}

interface Hearing {
  readonly site: VenueSite
  readonly board: Board
  readonly bySpelling: ReadonlyMap<string, Market>
  readonly ids: SequenceIds
}

function hear(link: Link, text: string, hearing: Hearing): void {
  const say = (message: unknown): void =>
    link.send({
      kind: 'control',
      symbol: null,
      text: typeof message === 'string' ? message : JSON.stringify(message),
    })
  if (text === 'ping') {
    say('pong')
    return
  }
  let message: { readonly op?: unknown; readonly args?: unknown; readonly id?: unknown }
  try {
    message = JSON.parse(text) as typeof message
  } catch {
    say({
      event: 'error',
      code: '60012',
      msg: `Invalid request: ${text.slice(0, 100)}`,
      connId: connectionOf(link),
    })
    return
  }
  const { op, args, id } = message
  if ((op !== 'subscribe' && op !== 'unsubscribe') || !Array.isArray(args)) {
    say({
      event: 'error',
      code: '60012',
      msg: `Invalid request: ${text.slice(0, 100)}`,
      connId: connectionOf(link),
    })
    return
  }
  for (const argument of args as readonly Argument[]) {
    const { channel, instId } = argument
    const market = hearing.bySpelling.get(instId)
    if (market === undefined || !CHANNELS[link.path]?.includes(channel)) {
      say({
        ...named(id),
        event: 'error',
        code: '60018',
        msg: `Wrong URL or channel:${channel},instId:${instId} doesn't exist. Please use the correct URL, channel and parameters referring to API document.`,
        connId: connectionOf(link),
      })
      continue
    }
    const topic = `${channel} ${instId}`
    say({ ...named(id), event: op, arg: { channel, instId }, connId: connectionOf(link) })
    if (op === 'unsubscribe') hearing.board.remove(link, topic)
    else {
      hearing.site.wake(market)
      hearing.board.add(link, topic)
      if (channel === 'books') link.send(snapshot(market, hearing))
    }
  }
}

const named = (id: unknown): { readonly id?: unknown } => (id === undefined ? {} : { id })
const connectionOf = (link: Link): string => link.path.length.toString(16).padStart(8, '0')

function snapshot(
  market: Market,
  { site, ids }: Hearing,
): { readonly kind: 'snapshot'; readonly symbol: string; readonly text: string } {
  const all = (ladder: Market['bids']): string =>
    levels(
      market,
      ladder.prices.map((price, at) => [price, ladder.sizes[at]!]),
    )
  const id = ids.get(market) ?? FIRST_SEQUENCE
  ids.set(market, id)
  return {
    kind: 'snapshot',
    symbol: market.symbol,
    text: `{"arg":{"channel":"books","instId":"${spellingOf(market)}"},"action":"snapshot","data":[{"asks":${all(market.asks)},"bids":${all(market.bids)},"ts":"${site.time()}","checksum":0,"seqId":${id},"prevSeqId":-1}]}`,
  }
}

function sendBook(
  market: Market,
  { bids, asks }: Moment,
  { site, board, chain }: { readonly site: VenueSite; readonly board: Board; readonly chain: Chain },
): void {
  let previous = chain.ids.get(market) ?? FIRST_SEQUENCE
  const isEmpty = bids.length + asks.length === 0
  if (isEmpty && !isDue(market, { site, chain })) return
  if (site.faults.strike('gap', 'OKX', market.symbol)) {
    site.counts.gaps++
    previous += 3
  }
  // Ids grow, but not by one.
  const id = isEmpty ? previous : previous + 1 + (bids.length + asks.length) * 3
  chain.ids.set(market, id)
  chain.spokeAt.set(market, site.now())
  const readers = board.readers(`books ${spellingOf(market)}`)
  if (readers === undefined) return
  const text = `{"arg":{"channel":"books","instId":"${spellingOf(market)}"},"action":"update","data":[{"asks":${levels(market, asks)},"bids":${levels(market, bids)},"ts":"${site.time()}","checksum":0,"seqId":${id},"prevSeqId":${previous}}]}`
  for (const link of readers) link.send({ kind: 'book', symbol: market.symbol, text })
}

const isDue = (
  market: Market,
  { site, chain }: { readonly site: VenueSite; readonly chain: Chain },
): boolean => site.now() - (chain.spokeAt.get(market) ?? site.now()) >= QUIET_MS

function sendTrades(market: Market, { trades }: Moment, board: Board): void {
  const name = spellingOf(market)
  const readers = board.readers(`trades ${name}`)
  if (readers === undefined) return
  for (const trade of trades) {
    const text = `{"arg":{"channel":"trades","instId":"${name}"},"data":[{"instId":"${name}","tradeId":"${trade.id}","px":"${priced(market, trade.price)}","sz":"${sized(market, trade.size)}","side":"${trade.isTakerBuy ? 'buy' : 'sell'}","ts":"${trade.at}","count":"1","source":"0","seqId":${trade.id * 4}}]}`
    for (const link of readers) link.send({ kind: 'trade', symbol: market.symbol, text, trades: 1 })
  }
}

function sendTicker(
  market: Market,
  { site, board }: { readonly site: VenueSite; readonly board: Board },
): void {
  const name = spellingOf(market)
  const readers = board.readers(`tickers ${name}`)
  if (readers === undefined) return
  const { bid, ask, last } = market.touch(site.now())
  const text = JSON.stringify({
    arg: { channel: 'tickers', instId: name },
    data: [
      {
        instType: 'SPOT',
        instId: name,
        last: priced(market, last),
        askPx: priced(market, ask[0]),
        askSz: sized(market, ask[1]),
        bidPx: priced(market, bid[0]),
        bidSz: sized(market, bid[1]),
        ts: String(site.time()),
      },
    ],
  })
  for (const link of readers) link.send({ kind: 'ticker', symbol: market.symbol, text })
}

/** The forming minute every second, and the one just over once more, confirmed. */
function sendCandle(
  name: string,
  market: Market,
  { board, at }: { readonly board: Board; readonly at: number },
): void {
  const readers = board.readers(`candle1m ${name}`)
  if (readers === undefined) return
  const openAt = Math.floor(at / MINUTE_MS) * MINUTE_MS
  const rows = [...(at - openAt < 1_000 ? [openAt - MINUTE_MS] : []), openAt].map((start) => {
    const bar = foldBars(market.bars('M1', { from: start, to: start + 1, at }))
    return candleRow(market, bar, start < openAt)
  })
  for (const row of rows) {
    const text = JSON.stringify({ arg: { channel: 'candle1m', instId: name }, data: [row] })
    for (const link of readers) link.send({ kind: 'candle', symbol: market.symbol, text })
  }
}
