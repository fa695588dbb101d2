/**
 * Recorded traffic of the real venues through the real adapters, counted against what the recordings' README
 * states. Runs where the recordings are at hand, and is skipped in sight where they are not.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { MarketEvent } from '../../src/domain/event.ts'
import type { Listing, Perpetual, Venue } from '../../src/domain/market.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import type { Request, WireReply } from '../../src/wire/request.ts'

const ROOT = new URL('../../../shared/captures/', import.meta.url)

interface Replayed {
  readonly events: readonly MarketEvent[]
  readonly kinds: Readonly<Record<string, number>>
  readonly malformed: readonly string[]
  readonly sequences: readonly number[]
  readonly frames: readonly string[]
}

const textOf = (path: string): string => {
  const bytes = readFileSync(new URL(path, ROOT))
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

function replay(venue: Venue, path: string): Replayed {
  const frames = textOf(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly k: string; readonly raw: string })
    .flatMap(({ k, raw }) => (k === 'rx' ? [raw] : []))
  const decoded = frames.map((frame) => venues[venue].stream.decode(frame))
  const events = decoded.flatMap((one) => ('events' in one ? one.events : []))
  const kinds: Record<string, number> = {}
  for (const { kind } of events) kinds[kind] = (kinds[kind] ?? 0) + 1
  return {
    events,
    kinds,
    malformed: decoded.flatMap((one) => ('malformed' in one ? [one.malformed] : [])),
    sequences: decoded.flatMap((one) => ('events' in one && one.sequence !== null ? [one.sequence] : [])),
    frames,
  }
}

const of = <K extends MarketEvent['kind']>(replayed: Replayed, kind: K, spelling?: string) =>
  replayed.events.filter(
    (event): event is Extract<MarketEvent, { kind: K }> =>
      event.kind === kind && (spelling === undefined || ('spelling' in event && event.spelling === spelling)),
  )

describe.runIf(existsSync(ROOT))('recorded streams', () => {
  it('Binance, five minutes of BTCUSDT: every diff follows the last, no trade is missing', () => {
    const replayed = replay('BINANCE', 'binance/ws/spot_btcusdt_20240808.ndjson.gz')
    expect(replayed.malformed).toEqual([])
    expect(replayed.kinds).toEqual({ bookDelta: 3451, trade: 9757 })
    const deltas = of(replayed, 'bookDelta')
    const follows = deltas.filter(
      (delta, at) => at > 0 && delta.first === (deltas[at - 1]?.last ?? Number.NaN) + 1,
    )
    expect(follows).toHaveLength(3450)
    const ids = of(replayed, 'trade').map(({ id }) => Number(id))
    expect(ids.filter((id, at) => at > 0 && id === (ids[at - 1] ?? Number.NaN) + 1)).toHaveLength(9756)
  })

  it('Binance, ten markets on one connection: 604 of 604 diffs follow, forming candles are not closed', () => {
    const replayed = replay('BINANCE', 'binance/ws/spot_10sym_20210417.ndjson.gz')
    expect(replayed.malformed).toEqual([])
    expect(replayed.kinds).toEqual({ bookDelta: 614, candle: 20 })
    const last = new Map<string, number>()
    let follows = 0
    for (const { spelling, first, last: id } of of(replayed, 'bookDelta')) {
      if (first === (last.get(spelling) ?? Number.NaN) + 1) follows++
      last.set(spelling, id ?? Number.NaN)
    }
    expect(follows).toBe(604)
    expect(last.size).toBe(10)
  })

  it('OKX, a book of today: the chain holds six times of six, and the retired checksum is not one', () => {
    const replayed = replay('OKX', 'okx/ws/books_btcusdt_20260824.ndjson')
    expect(replayed.malformed).toEqual([])
    expect(replayed.kinds).toEqual({ acknowledged: 1, bookSnapshot: 1, bookDelta: 6 })
    const [snapshot] = of(replayed, 'bookSnapshot')
    expect(snapshot?.bids).toHaveLength(400)
    expect(snapshot?.asks).toHaveLength(400)
    let at = snapshot?.sequence
    for (const delta of of(replayed, 'bookDelta')) {
      expect(delta.previous).toBe(at)
      expect(delta.checksum).toBeNull()
      at = delta.last
    }
  })

  it.each([
    ['okx/ws/public_3inst_20220513.ndjson.gz', 290],
    ['okx/ws/public_l2tbt_20210722_a.ndjson.gz', 1504],
  ])(
    'OKX, an archive from before the chain (%s): %i books, each with its checksum and no id',
    (path, books) => {
      const replayed = replay('OKX', path)
      expect(replayed.malformed).toEqual([])
      const all = [...of(replayed, 'bookSnapshot'), ...of(replayed, 'bookDelta')]
      expect(all).toHaveLength(books)
      expect(all.filter(({ checksum }) => checksum === null)).toHaveLength(0)
      expect(of(replayed, 'trade').length).toBeGreaterThan(0)
    },
  )

  it('Coinbase, a connection from its first frame: counted without a hole, acknowledgement included', () => {
    const replayed = replay('COINBASE', 'coinbase/ws/advanced_l2_btcusd_20260824.ndjson')
    expect(replayed.malformed).toEqual([])
    expect(replayed.kinds).toEqual({ bookSnapshot: 1, bookDelta: 10, acknowledged: 1 })
    expect(replayed.sequences).toEqual(replayed.frames.map((_, at) => at))
    expect(replayed.sequences.at(-1)).toBe(11)
  })

  it.each([
    ['kraken/ws/book_btcusd_d10_20230730.ndjson.gz', { bookSnapshot: 1, bookDelta: 509 }],
    [
      'kraken/ws/book_btcusd_d10_20260824.ndjson',
      { acknowledged: 1, bookSnapshot: 1, heartbeat: 2, bookDelta: 3 },
    ],
    [
      'kraken/ws/book_trade_btcusd_20260802.ndjson',
      { acknowledged: 4, bookSnapshot: 1, bookDelta: 111, heartbeat: 13, trade: 1 },
    ],
  ])('Kraken, %s: every frame understood, every digit kept, cut where it was recorded', (path, kinds) => {
    const replayed = replay('KRAKEN', path)
    expect(replayed.malformed).toEqual([])
    expect(replayed.kinds).toEqual(kinds)
    const wire = replayed.frames.join('\n')
    for (const event of [...of(replayed, 'bookSnapshot'), ...of(replayed, 'bookDelta')]) {
      expect(event.checksum).not.toBeNull()
      for (const [price, size] of [...event.bids, ...event.asks]) {
        expect(wire).toContain(`{"price":${price},"qty":${size}}`)
      }
    }
    expect(of(replayed, 'bookSnapshot')[0]?.depth).toBe(10)
  })

  it.each([
    ['Binance USD-M', 'perpetuals are asked over REST only', /usdm_.*ndjson/],
    [
      'Coinbase Exchange',
      'the adapter speaks Advanced Trade, the feed that counts its frames',
      /exchange_.*ndjson/,
    ],
    ['Kraken Futures', 'perpetuals are asked over REST only', /futures_.*ndjson/],
  ])('%s recordings are left out: %s', (_, reason, left) => {
    const streams = ['binance', 'okx', 'coinbase', 'kraken'].flatMap((venue) =>
      readdirSync(new URL(`${venue}/ws/`, ROOT)).filter((name) => left.test(name)),
    )
    expect(streams.length, reason).toBeGreaterThan(0)
  })
})

interface Recorded {
  readonly request: { readonly url: string }
  readonly response: {
    readonly status: number
    readonly headers?: Record<string, string>
    readonly body: string
  }
}

function recorded(path: string, url: RegExp): readonly WireReply[] {
  return (JSON.parse(textOf(path)) as readonly Recorded[])
    .filter(({ request }) => url.test(request.url))
    .map(({ response }) => ({
      status: response.status,
      headers: response.headers ?? {},
      body: response.body,
    }))
}

function read<T>(request: Request<T> | undefined, replies: readonly WireReply[]): T {
  const [reply] = replies
  if (request === undefined || reply === undefined) throw new Error('nothing recorded')
  const reading = request.read(reply)
  if (!reading.ok) throw new Error(reading.failure.message)
  return reading.value
}

const listing = (source: Listing['source'], symbol: string, spelling: string): Listing => ({
  source,
  symbol,
  spelling,
})
const perpetual = (venue: Perpetual['venue'], symbol: string, instrument: string): Perpetual => ({
  venue,
  symbol,
  instrument,
  contractSize: '1',
  isInverse: false,
})
const EVER = { from: 0, to: 4_102_444_800_000 }

describe.runIf(existsSync(ROOT))('recorded REST bodies', () => {
  it('Binance: listings, tickers, candles, depth, trades and its words for no such symbol', () => {
    const { BINANCE: binance } = venues
    const btc = listing('BINANCE', 'BTC-USDT', 'BTCUSDT')
    const routes = 'binance/rest/gct_mock_routes.json.gz'
    const errors = 'binance/rest/klines_depth_and_errors_vcr.json'
    expect(
      read(binance.listings(), recorded('binance/rest/spot_exchangeinfo_20210814.json.gz', /exchangeInfo/)),
    ).toHaveLength(1153)
    expect(
      read(binance.quotes([btc])[0], recorded('binance/rest/spot_ticker24hr_all_20190822.json.gz', /ticker/)),
    ).toMatchObject([{ symbol: 'BTC-USDT', price: '9909.66500000', volumeUnit: 'USDT' }])
    const hours = read(binance.candles.request(btc, 'H1', EVER), recorded(routes, /v3\/klines.*1h/))
    expect(hours).toHaveLength(1000)
    expect(
      hours.every(({ openTime }, at) => at === 0 || openTime - (hours[at - 1]?.openTime ?? 0) === 3_600_000),
    ).toBe(true)
    expect(read(binance.depth(btc), recorded(errors, /depth.*BTCUSDT/)).sequence).toBe(9_699_548_377)
    expect(read(binance.recentTrades(btc), recorded(routes, /v3\/trades/))).toHaveLength(1000)
    expect(binance.depth(btc).read(recorded(errors, /IDONTEXIST/)[0] as WireReply)).toMatchObject({
      failure: { reason: 'NOT_LISTED' },
    })
  })

  it('Binance: perpetuals, funding with its interval table, open interest in coins', () => {
    const { derivatives } = venues.BINANCE
    const routes = 'binance/rest/gct_mock_routes.json.gz'
    const all = derivatives?.perpetuals()
    const known = read(all, recorded('binance/rest/usdm_exchangeinfo_20210722.json.gz', /exchangeInfo/))
    expect(known.filter(({ instrument }) => instrument === 'BTCUSDT').map(({ symbol }) => symbol)).toEqual([
      'BTC-USDT',
      'BTC-USD',
    ])
    const asked = [perpetual('BINANCE', 'BTC-USD', 'BTCUSDT')]
    const funding = derivatives?.funding(asked)
    expect(read(funding?.requests[0], recorded(routes, /premiumIndex/))).toMatchObject([
      { symbol: 'BTC-USD', rate: '0.00001226', intervalHours: 8, markPrice: '26780.82240476' },
    ])
    expect(read(funding?.intervals, recorded(routes, /fundingInfo/)).get('LPTUSDT')).toBe(4)
    expect(read(derivatives?.openInterest(asked)[0], recorded(routes, /openInterest/))).toMatchObject([
      { value: '83782.317' },
    ])
  })

  it('OKX: listings, tickers, candles turned oldest first, depth, swaps', () => {
    const { OKX: okx } = venues
    const btc = listing('OKX', 'BTC-USDT', 'BTC-USDT')
    const day = 'okx/rest/ticker_btc_20260208.json'
    const instruments = 'okx/rest/instruments_spot_swap_20220513.json.gz'
    expect(read(okx.listings(), recorded(instruments, /SPOT/))).toHaveLength(513)
    expect(
      read(okx.quotes([btc])[0], recorded('okx/rest/tickers_all_spot_20260208.json.gz', /tickers/)),
    ).toMatchObject([{ symbol: 'BTC-USDT', price: '69358.4', volumeUnit: 'USDT' }])
    expect(
      read(okx.candles.request(btc, 'H1', EVER), recorded(day, /candles/)).map(({ close }) => close),
    ).toEqual(['69345.7', '69222.8', '69344.1'])
    expect(read(okx.depth(btc), recorded(day, /books/))).toMatchObject({ sequence: 71_066_999_493 })
    expect(
      read(okx.recentTrades(btc), recorded('okx/rest/funding_examples.json', /trades/)).map(({ id }) => id),
    ).toEqual(['734864332', '734864333'])
    const swaps = read(okx.derivatives?.perpetuals(), recorded(instruments, /SWAP/))
    expect(swaps).toContainEqual({
      venue: 'OKX',
      symbol: 'BTC-USD',
      instrument: 'BTC-USDT-SWAP',
      contractSize: '0.01',
      isInverse: false,
    })
  })

  it('Coinbase: products, candles turned oldest first, book, trades by the taker', () => {
    const { COINBASE: coinbase } = venues
    const btc = listing('COINBASE', 'BTC-USD', 'BTC-USD')
    const day = 'coinbase/rest/advanced_public_20260407.json'
    expect(read(coinbase.listings(), recorded(day, /products$/))).toEqual([btc])
    expect(read(coinbase.quotes([btc])[0], recorded(day, /products$/))).toMatchObject([
      { price: '68925.98', volume24h: '11005.02587005', volumeUnit: 'BTC' },
    ])
    const hours = read(coinbase.candles.request(btc, 'H1', EVER), recorded(day, /candles/))
    expect(hours.map(({ low, high }) => [low, high])).toEqual([
      ['65857.35', '66387.77'],
      ['66055.14', '66331.99'],
    ])
    // The two at the ask were bought, the one a tick above the bid before them was sold into.
    expect(
      read(coinbase.recentTrades(btc), recorded(day, /ticker/)).map(({ takerSide }) => takerSide),
    ).toEqual(['SELL', 'BUY', 'BUY'])
    expect(read(coinbase.depth(btc), recorded(day, /product_book/)).bids).toHaveLength(5)
  })

  it('Kraken: pairs, 1,530 tickers, 721 candles, 1,000 trades, and the hourly rate as a fraction', () => {
    const { KRAKEN: kraken } = venues
    const btc: Listing = {
      source: 'KRAKEN',
      symbol: 'BTC-USDT',
      spelling: 'BTC/USDT',
      restSpelling: 'XBTUSDT',
    }
    const day = 'kraken/rest/spot_ohlc_trades_depth_ticker_202511.json.gz'
    const pairs = read(kraken.listings(), recorded('kraken/rest/assetpairs_20210417.json.gz', /AssetPairs/))
    expect(pairs).toContainEqual({
      source: 'KRAKEN',
      symbol: 'BTC-USD',
      spelling: 'BTC/USD',
      restSpelling: 'XBTUSD',
    })
    expect(pairs).toContainEqual({
      source: 'KRAKEN',
      symbol: 'DOGE-USD',
      spelling: 'DOGE/USD',
      restSpelling: 'XDGUSD',
    })
    expect(
      read(kraken.quotes([btc])[0], recorded('kraken/rest/ticker_all_assetversion1.json.gz', /Ticker/)),
    ).toMatchObject([{ symbol: 'BTC-USDT', price: '60600.05000', volumeUnit: 'BTC' }])
    expect(read(kraken.candles.request(btc, 'M1', EVER), recorded(day, /OHLC/))).toHaveLength(721)
    expect(read(kraken.recentTrades(btc), recorded(day, /Trades/))).toHaveLength(1000)
    expect(read(kraken.depth(btc), recorded(day, /Depth/)).bids.length).toBeGreaterThan(0)
    const futures = recorded('kraken/rest/futures_tickers_funding_instruments_2025.json', /tickers/)
    const both = read(kraken.derivatives?.perpetuals(), futures)
    expect(both).toMatchObject([
      { symbol: 'BTC-USD', instrument: 'PI_XBTUSD', isInverse: true },
      { symbol: 'ETH-USD', instrument: 'PF_ETHUSD', isInverse: false },
    ])
    const [, funding] = read(kraken.derivatives?.funding(both).requests[0], futures)
    expect(Number(funding?.rate)).toBeCloseTo(1.5e-5 / 3205.25, 15)
    // 21,279,580 dollars are so many coins.
    const [interest] = read(kraken.derivatives?.openInterest(both)[0], futures)
    expect(Number(interest?.value)).toBeCloseTo(21_279_580 / 91_506.6009839176, 6)
    expect(funding).toMatchObject({ intervalHours: 1, nextFundingAt: Date.parse('2025-11-17T01:00:00Z') })
  })

  it('CoinGecko: a coin it leaves out is not there, and its errors are told apart', () => {
    const coins = [listing('COINGECKO', 'BTC-USD', 'bitcoin'), listing('COINGECKO', 'ETH-USD', 'ethereum')]
    const [request] = aggregators.COINGECKO.quotes(coins, {})
    const prices = 'coingecko/rest/simple_price.json'
    expect(read(request, recorded(prices, /ethereum/))).toMatchObject([{ symbol: 'BTC-USD', price: '49357' }])
    expect(request?.read(recorded(prices, /price$/)[0] as WireReply)).toMatchObject({
      failure: { reason: 'UNAVAILABLE' },
    })
    expect(read(request, recorded('coingecko/rest/official_examples_2026.json', /simple/))).toMatchObject([
      { price: '76975', volume24h: '29096603418.89408', observedAt: 1_779_092_258_000 },
    ])
  })

  it('CoinPaprika: float noise is kept as sent', () => {
    const [request] = aggregators.COINPAPRIKA.quotes([listing('COINPAPRIKA', 'BTC-USD', 'btc-bitcoin')], {})
    expect(read(request, recorded('coinpaprika/rest/tickers_20260929.json', /tickers/))).toMatchObject([
      { price: '83170.52587495063', volume24h: '22931377005.3696' },
    ])
    const errors = recorded('coinpaprika/rest/ohlcv_and_errors_documentation.json', /tickers/)
    expect(errors.map((reply) => request?.read(reply))).toMatchObject([
      { failure: { reason: 'NOT_LISTED' } },
      { failure: { reason: 'RATE_LIMITED' } },
    ])
  })
})
