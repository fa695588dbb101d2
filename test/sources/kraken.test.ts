import { describe, expect, it } from 'vitest'
import { kraken } from '../../src/sources/kraken.ts'
import { FRAMES, LISTINGS, reply } from './fixtures.ts'

const btc = LISTINGS.KRAKEN
const result = (value: unknown) => reply({ error: [], result: value })

describe('Kraken', () => {
  it('asks for the deepest book, for trades and for one-minute candles', () => {
    const frames = kraken.stream.subscribe(
      [
        { channel: 'book', spelling: 'BTC/USD' },
        { channel: 'trades', spelling: 'BTC/USD' },
        { channel: 'candle', spelling: 'ETH/USD' },
      ],
      5,
    )
    expect(frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      {
        method: 'subscribe',
        params: { channel: 'book', depth: 10, symbol: ['BTC/USD'], snapshot: true },
        req_id: 5,
      },
      { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true }, req_id: 6 },
      {
        method: 'subscribe',
        params: { channel: 'ohlc', interval: 1, symbol: ['ETH/USD'], snapshot: true },
        req_id: 7,
      },
    ])
    expect(kraken.stream.dance).toEqual({ kind: 'checksum', depth: 10 })
  })

  it('keeps the zeros its checksum is taken over', () => {
    expect(kraken.stream.decode(FRAMES.KRAKEN['book'] ?? '')).toMatchObject({
      events: [
        {
          asks: [
            ['42000.2', '0.00000000'],
            ['42001.0', '0.78918370'],
          ],
          checksum: 3_161_278_731,
        },
      ],
    })
  })

  it('writes an exponent out', () => {
    const frame = (FRAMES.KRAKEN['trade'] ?? '').replace('0.00300000', '3e-7')
    expect(kraken.stream.decode(frame)).toMatchObject({ events: [{ size: '0.0000003' }] })
  })

  it('says how deep a book is served when its snapshot was cut', () => {
    const level = (n: number) => `{"price":${42_000 + n}.0,"qty":1.0}`
    const side = (count: number) => Array.from({ length: count }, (_, n) => level(n)).join(',')
    const snapshot = (bids: number, asks: number) =>
      kraken.stream.decode(
        `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[${side(bids)}],"asks":[${side(asks)}],"checksum":1}]}`,
      )
    expect(snapshot(10, 10)).toMatchObject({ events: [{ depth: 10 }] })
    expect(snapshot(10, 9)).not.toHaveProperty('events.0.depth')
    expect(snapshot(1000, 1000)).toMatchObject({ events: [{ depth: 1000 }] })
  })

  it('marks the trades of a snapshot as old, and takes the side for the taker’s', () => {
    const frame = FRAMES.KRAKEN['trade'] ?? ''
    expect(kraken.stream.decode(frame)).toMatchObject({
      events: [{ id: '3301', takerSide: 'SELL', isBackfill: false }],
    })
    expect(kraken.stream.decode(frame.replace('"update"', '"snapshot"'))).toMatchObject({
      events: [{ isBackfill: true }],
    })
  })

  it('cannot say that a candle is closed', () => {
    expect(kraken.stream.decode(FRAMES.KRAKEN['candle'] ?? '')).toMatchObject({
      events: [
        { kind: 'candle', isClosed: null, openTime: Date.parse('2026-01-02T03:04:00Z'), open: '41990.0' },
      ],
    })
  })

  it('names the market it refuses', () => {
    expect(kraken.stream.decode(FRAMES.KRAKEN['refused'] ?? '')).toMatchObject({
      events: [{ kind: 'refused', spelling: 'XYZ/USD', reason: 'Currency pair not supported XYZ/USD' }],
    })
  })

  it('writes BTC and DOGE where its REST side writes XBT and XDG', () => {
    const read = kraken.listings().read(
      result({
        XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', status: 'online' },
        XDGUSD: { altname: 'XDGUSD', wsname: 'XDG/USD', status: 'online' },
        XETHXXBT: { altname: 'ETHXBT', wsname: 'ETH/XBT', status: 'online' },
        OLDUSD: { altname: 'OLDUSD', wsname: 'OLD/USD', status: 'cancel_only' },
        'XXBTZUSD.d': { altname: 'XBTUSD.d' },
      }),
    )
    expect(read).toEqual({
      ok: true,
      value: [
        btc,
        { source: 'KRAKEN', symbol: 'DOGE-USD', spelling: 'DOGE/USD', restSpelling: 'XDGUSD' },
        { source: 'KRAKEN', symbol: 'ETH-BTC', spelling: 'ETH/BTC', restSpelling: 'ETHXBT' },
      ],
    })
  })

  it('takes the volume of the last day, not of today', () => {
    const row = {
      a: ['42000.2', '1', '1.0'],
      b: ['42000.0', '1', '1.0'],
      c: ['42000.1', '0.1'],
      v: ['3.5', '80.25'],
    }
    expect(kraken.quotes([btc])[0]?.read(result({ 'BTC/USD': row }))).toMatchObject({
      value: [{ volume24h: '80.25', volumeUnit: 'BTC', price: '42000.1' }],
    })
  })

  it('reads a result under whatever name it comes', () => {
    const request = kraken.candles.request(btc, 'M1', { from: 60_000, to: 180_000 })
    expect(request.path).toBe('/OHLC?pair=XBTUSD&interval=1&since=59')
    const row = (time: number) => [time, '1', '4', '0.5', '2', '1.9', '7.5', 3]
    const read = request.read(result({ last: 60, XXBTZUSD: [row(0), row(60), row(120)] }))
    expect(read).toMatchObject({
      value: [{ openTime: 60_000, volume: '7.5', close: '2' }, { openTime: 120_000 }],
    })
  })

  it('reads its errors though they come with status 200', () => {
    const says = (error: string) => kraken.depth(btc).read(reply({ error: [error] }))
    expect(says('EQuery:Unknown asset pair')).toMatchObject({ failure: { reason: 'NOT_LISTED' } })
    expect(says('EAPI:Rate limit exceeded')).toMatchObject({ failure: { reason: 'RATE_LIMITED' } })
    expect(says('EGeneral:Too many requests')).toMatchObject({ failure: { reason: 'RATE_LIMITED' } })
    expect(says('EService:Unavailable')).toMatchObject({ failure: { reason: 'UNAVAILABLE' } })
  })

  it('turns dollars an hour into a fraction, and settles on the hour', () => {
    const body =
      '{"result":"success","serverTime":"2026-01-02T03:20:00.000Z","tickers":[' +
      '{"symbol":"PI_XBTUSD","tag":"perpetual","pair":"XBT:USD","markPrice":40000.0,"fundingRate":1e-9,"openInterest":5.0},' +
      '{"symbol":"PF_XBTUSD","tag":"perpetual","pair":"XBT:USD","markPrice":40000.0,"indexPrice":39990.5,"fundingRate":-8.0e-01,"openInterest":123.4500},' +
      '{"symbol":"FF_XBTUSD_260327","tag":"quarter","pair":"XBT:USD","markPrice":40100.0}]}'
    const { derivatives } = kraken
    const read = derivatives?.perpetuals().read(reply(body))
    const perpetuals = read?.ok ? read.value : []
    const facts = { venue: 'KRAKEN', symbol: 'BTC-USD', contractSize: '1' }
    expect(perpetuals).toEqual([
      { ...facts, instrument: 'PI_XBTUSD', isInverse: true },
      { ...facts, instrument: 'PF_XBTUSD', isInverse: false },
    ])
    expect(derivatives?.funding(perpetuals).requests[0]?.read(reply(body))).toMatchObject({
      value: [
        // Coins for a dollar: times the price.
        { instrument: 'PI_XBTUSD', rate: expect.stringMatching(/^0\.000040*$/) },
        {
          instrument: 'PF_XBTUSD',
          rate: expect.stringMatching(/^-0\.000020*$/),
          intervalHours: 1,
          nextFundingAt: Date.parse('2026-01-02T04:00:00Z'),
          markPrice: '40000.0',
          indexPrice: '39990.5',
        },
      ],
    })
    expect(derivatives?.openInterest(perpetuals)[0]?.read(reply(body))).toMatchObject({
      // Five dollars are 0.000125 coins.
      value: [{ value: expect.stringMatching(/^0\.0001250*$/) }, { value: '123.4500' }],
    })
    expect(
      derivatives?.perpetuals().read(reply({ result: 'error', error: 'apiLimitExceeded' })),
    ).toMatchObject({ failure: { reason: 'RATE_LIMITED' } })
  })
})
