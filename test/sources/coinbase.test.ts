import { describe, expect, it } from 'vitest'
import { coinbase } from '../../src/sources/coinbase.ts'
import { FRAMES, LISTINGS, reply } from './fixtures.ts'

const btc = LISTINGS.COINBASE

describe('Coinbase', () => {
  it('asks for one channel a message', () => {
    const frames = coinbase.stream.subscribe(
      [
        { channel: 'trades', spelling: 'BTC-USD' },
        { channel: 'book', spelling: 'BTC-USD' },
        { channel: 'book', spelling: 'ETH-USD' },
      ],
      1,
    )
    expect(frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { type: 'subscribe', product_ids: ['BTC-USD', 'ETH-USD'], channel: 'level2' },
      { type: 'subscribe', product_ids: ['BTC-USD'], channel: 'market_trades' },
    ])
    expect(coinbase.stream.greet).toEqual(['{"type":"subscribe","channel":"heartbeats"}'])
  })

  it('has no one-minute candles to stream', () => {
    expect(coinbase.stream.subscribe([{ channel: 'candle', spelling: 'BTC-USD' }], 1)).toEqual([])
  })

  it('counts every frame, whatever it carries', () => {
    const sequences = Object.values(FRAMES.COINBASE).map((frame) => {
      const decoded = coinbase.stream.decode(frame)
      return 'events' in decoded ? decoded.sequence : 'malformed'
    })
    expect(sequences).toEqual([0, 1, 2, 3, null, 4])
  })

  it("turns the maker's side around, and the newest trade to the end", () => {
    expect(coinbase.stream.decode(FRAMES.COINBASE['trade'] ?? '')).toMatchObject({
      events: [
        { id: '701', takerSide: 'SELL', isBackfill: false },
        { id: '702', takerSide: 'BUY', isBackfill: false },
      ],
    })
  })

  it('knows old trades when it subscribes', () => {
    const frame = (FRAMES.COINBASE['trade'] ?? '').replace('"type":"update"', '"type":"snapshot"')
    expect(coinbase.stream.decode(frame)).toMatchObject({
      events: [{ isBackfill: true }, { isBackfill: true }],
    })
  })

  it('has room for the snapshot of its largest book', () => {
    expect(coinbase.stream.link.maxFrameBytes).toBeGreaterThanOrEqual(32 * 1024 * 1024)
  })

  it('lists no market that is another one under a second name, and none that is off', () => {
    const row = {
      product_id: 'BTC-USD',
      price: '42000',
      volume_24h: '10',
      status: 'online',
      product_type: 'SPOT',
      alias: '',
      base_currency_id: 'BTC',
      quote_currency_id: 'USD',
      mid_market_price: '',
    }
    const read = coinbase.listings().read(
      reply({
        products: [
          row,
          { ...row, product_id: 'BTC-USDC', quote_currency_id: 'USDC', alias: 'BTC-USD' },
          { ...row, product_id: 'OLD-USD', base_currency_id: 'OLD', status: 'delisted' },
          { ...row, product_id: 'BIT-31JAN26-CDE', product_type: 'FUTURE' },
          { ...row, product_id: 'OFF-USD', base_currency_id: 'OFF', trading_disabled: true },
        ],
      }),
    )
    expect(read).toEqual({ ok: true, value: [btc] })
  })

  it('hands candles on oldest first, without those before the range', () => {
    const request = coinbase.candles.request(btc, 'H1', { from: 3_600_000, to: 10_800_000 })
    expect(request.path).toBe('/products/BTC-USD/candles?start=3600&end=10799&granularity=ONE_HOUR')
    const row = (start: number) => ({
      start: String(start),
      low: '1',
      high: '4',
      open: '2',
      close: '3',
      volume: '5',
    })
    const read = request.read(reply({ candles: [row(7200), row(3600), row(0)] }))
    expect(read).toMatchObject({
      value: [{ openTime: 3_600_000, open: '2', high: '4', low: '1', close: '3' }, { openTime: 7_200_000 }],
    })
  })

  it('asks for four hours by name, and takes a refusal of the width for what it is', () => {
    const request = coinbase.candles.request(btc, 'H4', { from: 0, to: 28_800_000 })
    expect(request.path).toContain('granularity=FOUR_HOUR')
    const refused = reply({ error: 'INVALID_ARGUMENT', message: 'unsupported granularity' }, 400)
    expect(request.read(refused)).toMatchObject({ failure: { reason: 'NOT_LISTED' } })
  })

  it('knows a product that does not exist', () => {
    const missing = reply(
      {
        error: 'NOT_FOUND',
        error_details: 'valid product_id is required',
        message: 'valid product_id is required',
      },
      404,
    )
    expect(coinbase.depth(btc).read(missing)).toMatchObject({ failure: { reason: 'NOT_LISTED' } })
  })
})
