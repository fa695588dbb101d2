import { describe, expect, it } from 'vitest'
import { binance } from '../../src/sources/binance.ts'
import { FRAMES, LISTINGS, reply } from './fixtures.ts'

const btc = LISTINGS.BINANCE
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ ...btc, symbol: `C${n}-USDT`, spelling: `C${n}USDT` }))

describe('Binance', () => {
  it('asks for stream names in lower case, in one message', () => {
    const [frame] = binance.stream.subscribe(
      [
        { channel: 'book', spelling: 'BTCUSDT' },
        { channel: 'trades', spelling: 'BTCUSDT' },
        { channel: 'candle', spelling: 'ETHUSDT' },
      ],
      4,
    )
    expect(JSON.parse(frame ?? '')).toEqual({
      method: 'SUBSCRIBE',
      params: ['btcusdt@depth@100ms', 'btcusdt@trade', 'ethusdt@kline_1m'],
      id: 4,
    })
    expect(binance.stream.route('book')).toEqual({ endpoint: 'ws_url', path: '/stream' })
  })

  it('gives a book change the range of ids it covers', () => {
    expect(binance.stream.decode(FRAMES.BINANCE['book'] ?? '')).toMatchObject({
      events: [
        { kind: 'bookDelta', spelling: 'BTCUSDT', first: 101, last: 104, observedAt: 1_700_000_000_100 },
      ],
    })
  })

  it('calls a trade whose buyer was the maker a sale', () => {
    expect(binance.stream.decode(FRAMES.BINANCE['trade'] ?? '')).toMatchObject({
      events: [{ id: '9001', takerSide: 'SELL', price: '42000.10000000', isBackfill: false }],
    })
  })

  it('knows a closed candle', () => {
    expect(binance.stream.decode(FRAMES.BINANCE['candle'] ?? '')).toMatchObject({
      events: [{ kind: 'candle', isClosed: true, openTime: 1_699_999_980_000, volume: '12.50000000' }],
    })
  })

  it('reads a bare frame as well as a wrapped one', () => {
    const wrapped = JSON.parse(FRAMES.BINANCE['trade'] ?? '') as { readonly data: unknown }
    expect(binance.stream.decode(JSON.stringify(wrapped.data))).toEqual(
      binance.stream.decode(FRAMES.BINANCE['trade'] ?? ''),
    )
  })

  it('moves away when the venue announces its shutdown', () => {
    expect(binance.stream.decode(FRAMES.BINANCE['closing'] ?? '')).toMatchObject({
      events: [{ kind: 'closing' }],
    })
  })

  it('names markets up to a hundred, and takes them all beyond', () => {
    const costs = [1, 20, 21, 100, 101].map((count) => binance.quotes(many(count))[0]?.weight)
    expect(costs).toEqual([2, 2, 40, 40, 80])
    expect(binance.quotes(many(1))[0]?.path).toBe('/api/v3/ticker/24hr?symbols=%5B%22C0USDT%22%5D')
    expect(binance.quotes(many(101))[0]?.path).toBe('/api/v3/ticker/24hr')
  })

  it('prices at the middle of the best bid and ask, and at the last trade where a side is empty', () => {
    const row = { symbol: 'BTCUSDT', lastPrice: '42001.00', quoteVolume: '9.5', closeTime: 1_700_000_000_000 }
    const priced = (bidPrice: string, askPrice: string) =>
      binance.quotes([btc])[0]?.read(reply([{ ...row, bidPrice, askPrice }]))
    expect(priced('42000.10', '42000.20')).toMatchObject({
      value: [{ price: expect.stringMatching(/^42000\.150*$/) }],
    })
    expect(priced('0.00000000', '42000.20')).toMatchObject({
      value: [{ price: '42001.00', volume24h: '9.5' }],
    })
  })

  it('lists only spot markets that trade, by the names of their assets', () => {
    const row = {
      symbol: 'BTCUSDT',
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
      isSpotTradingAllowed: true,
    }
    const read = binance.listings().read(
      reply({
        symbols: [
          row,
          { ...row, symbol: 'OLDUSDT', baseAsset: 'OLD', status: 'BREAK' },
          { ...row, symbol: 'OFFUSDT', baseAsset: 'OFF', isSpotTradingAllowed: false },
          { ...row, symbol: '币安人生USDT', baseAsset: '币安人生' },
        ],
      }),
    )
    expect(read).toEqual({ ok: true, value: [btc] })
  })

  it('asks for candles by open time, the end left out', () => {
    const request = binance.candles.request(btc, 'H4', { from: 14_400_000, to: 28_800_000 })
    expect(request.path).toBe(
      '/api/v3/klines?symbol=BTCUSDT&interval=4h&startTime=14400000&endTime=28799999&limit=1000',
    )
  })

  it('says which weight the venue itself has counted', () => {
    expect(binance.budget.usedFrom?.({ 'x-mbx-used-weight-1m': '812' })).toBe(812)
    expect(binance.budget.usedFrom?.({})).toBeNull()
  })

  it('ties a tether perpetual to both dollars, and takes adjusted intervals from their own table', () => {
    const { derivatives } = binance
    const contract = {
      symbol: 'BTCUSDT',
      contractType: 'PERPETUAL',
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
    }
    const read = derivatives?.perpetuals().read(
      reply({
        symbols: [contract, { ...contract, symbol: 'BTCUSDT_260925', contractType: 'CURRENT_QUARTER' }],
      }),
    )
    const perpetuals = read?.ok ? read.value : []
    expect(perpetuals.map(({ symbol, instrument }) => [symbol, instrument])).toEqual([
      ['BTC-USDT', 'BTCUSDT'],
      ['BTC-USD', 'BTCUSDT'],
    ])
    const funding = derivatives?.funding(perpetuals)
    expect(funding?.requests.map(({ path, weight }) => [path, weight])).toEqual([
      ['/fapi/v1/premiumIndex?symbol=BTCUSDT', 1],
    ])
    expect(funding?.intervals?.read(reply([{ symbol: 'BTCUSDT', fundingIntervalHours: 4 }]))).toMatchObject({
      value: new Map([['BTCUSDT', 4]]),
    })
    expect(derivatives?.openInterest(perpetuals)).toHaveLength(1)
  })
})
