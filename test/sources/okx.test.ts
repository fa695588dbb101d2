import { describe, expect, it } from 'vitest'
import { INTERVAL_MS } from '../../src/domain/market.ts'
import { okx } from '../../src/sources/okx.ts'
import { FRAMES, LISTINGS, reply } from './fixtures.ts'

const btc = LISTINGS.OKX
const data = (...rows: readonly unknown[]) => reply({ code: '0', msg: '', data: rows })

describe('OKX', () => {
  it('takes candles from the business address and the rest from the public one', () => {
    expect(okx.stream.route('candle').endpoint).toBe('business_ws_url')
    expect(okx.stream.route('book').endpoint).toBe('ws_url')
    expect(okx.stream.route('trades').endpoint).toBe('ws_url')
  })

  it('keeps alive with a text, and knows the answer', () => {
    expect(okx.stream.link.keepalive).toEqual({ everyMs: 25_000, frame: 'ping' })
    expect(okx.stream.decode('pong')).toEqual({ events: [{ kind: 'heartbeat' }], sequence: null })
  })

  it('chains a change to the id before it', () => {
    expect(okx.stream.decode(FRAMES.OKX['snapshot'] ?? '')).toMatchObject({
      events: [{ sequence: 1000, checksum: null }],
    })
    expect(okx.stream.decode(FRAMES.OKX['book'] ?? '')).toMatchObject({
      events: [{ previous: 1000, last: 1009, bids: [['42000.1', '0.75']], asks: [['42000.2', '0']] }],
    })
  })

  it('says which subscription was accepted and which was not', () => {
    expect(okx.stream.decode(FRAMES.OKX['accepted'] ?? '')).toMatchObject({
      events: [{ kind: 'acknowledged', channel: 'book', spelling: 'BTC-USDT' }],
    })
    expect(okx.stream.decode(FRAMES.OKX['refused'] ?? '')).toMatchObject({
      events: [{ kind: 'refused', channel: 'book', spelling: 'BTC-USDX' }],
    })
  })

  it('reads its errors though they come with status 200', () => {
    const says = (code: string) => okx.depth(btc).read(reply({ code, msg: 'no', data: [] }))
    expect(says('51001')).toMatchObject({ failure: { reason: 'NOT_LISTED' } })
    expect(says('50011')).toMatchObject({ failure: { reason: 'RATE_LIMITED' } })
    expect(says('50001')).toMatchObject({ failure: { reason: 'UNAVAILABLE' } })
  })

  it('takes an empty text for nothing, not for zero', () => {
    const row = {
      instId: 'BTC-USDT',
      last: '42001',
      askPx: '',
      bidPx: '42000',
      volCcy24h: '',
      ts: '1700000000000',
    }
    expect(okx.quotes([btc])[0]?.read(data(row))).toMatchObject({
      value: [{ price: '42001', volume24h: null }],
    })
  })

  it('hands candles on oldest first, and opens its days at midnight UTC', () => {
    const request = okx.candles.request(btc, 'D1', { from: INTERVAL_MS.D1, to: 3 * INTERVAL_MS.D1 })
    expect(request.path).toContain('bar=1Dutc&after=259200000&before=86399999')
    const row = (ts: number) => [String(ts), '1', '2', '0.5', '1.5', '10', '15', '15', '1']
    const read = request.read(data(row(2 * INTERVAL_MS.D1), row(INTERVAL_MS.D1), row(0)))
    expect(read.ok && read.value.map(({ openTime }) => openTime)).toEqual([
      INTERVAL_MS.D1,
      2 * INTERVAL_MS.D1,
    ])
  })

  it('looks for candles older than a day of minutes in the archive', () => {
    const now = 10_000 * INTERVAL_MS.M1
    const pathFor = (bars: number) =>
      okx.candles.request(btc, 'M1', { from: now - bars * INTERVAL_MS.M1, to: now, now }).path
    expect(pathFor(1440)).toContain('/market/candles?')
    expect(pathFor(1441)).toContain('/market/history-candles?')
  })

  it('takes the funding interval from the distance of two settlements', () => {
    const swap = {
      venue: 'OKX',
      instrument: 'BTC-USDT-SWAP',
      contractSize: '0.01',
      isInverse: false,
    } as const
    const both = [
      { ...swap, symbol: 'BTC-USDT' },
      { ...swap, symbol: 'BTC-USD' },
    ]
    const funding = okx.derivatives?.funding(both)
    expect(funding?.requests.map(({ path }) => path)).toEqual([
      '/api/v5/public/funding-rate?instId=BTC-USDT-SWAP',
    ])
    const row = {
      instId: 'BTC-USDT-SWAP',
      fundingRate: '-0.00012',
      fundingTime: '1700006400000',
      nextFundingTime: '1700020800000',
      ts: '1700000000000',
    }
    const expected = { rate: '-0.00012', intervalHours: 4, nextFundingAt: 1_700_006_400_000 }
    expect(funding?.requests[0]?.read(data(row))).toMatchObject({
      value: [
        { symbol: 'BTC-USDT', ...expected },
        { symbol: 'BTC-USD', ...expected },
      ],
    })
  })

  it('asks once for all when many rates are wanted', () => {
    const many = Array.from({ length: 6 }, (_, n) => ({
      venue: 'OKX' as const,
      symbol: `C${n}-USDT`,
      instrument: `C${n}-USDT-SWAP`,
      contractSize: '1',
      isInverse: false,
    }))
    expect(okx.derivatives?.funding(many).requests.map(({ path }) => path)).toEqual([
      '/api/v5/public/funding-rate?instId=ANY',
    ])
  })

  it('knows what a contract stands for, and counts open interest in coins', () => {
    const row = {
      instId: 'BTC-USDT-SWAP',
      ctType: 'linear',
      ctVal: '0.01',
      ctMult: '1',
      ctValCcy: 'BTC',
      settleCcy: 'USDT',
      state: 'live',
    }
    const read = okx.derivatives
      ?.perpetuals()
      .read(data(row, { ...row, instId: 'BTC-USD-SWAP', ctType: 'inverse', settleCcy: 'BTC' }))
    const perpetuals = read?.ok ? read.value : []
    expect(perpetuals.map(({ symbol, contractSize }) => [symbol, contractSize])).toEqual([
      ['BTC-USDT', '0.01'],
      ['BTC-USD', '0.01'],
    ])
    const interest = { instId: 'BTC-USDT-SWAP', oi: '2216113', oiCcy: '22161.13', ts: '1700000000000' }
    expect(okx.derivatives?.openInterest(perpetuals)[0]?.read(data(interest))).toMatchObject({
      value: [{ value: '22161.13' }, { value: '22161.13' }],
    })
    // Where it counts contracts only: each is a hundredth of a coin.
    const contracts = { ...interest, oiCcy: '' }
    expect(okx.derivatives?.openInterest(perpetuals)[0]?.read(data(contracts))).toMatchObject({
      value: [{ value: '22161.13' }, { value: '22161.13' }],
    })
  })

  it('keeps mark and index prices in tables of their own', () => {
    const one = {
      venue: 'OKX',
      symbol: 'BTC-USD',
      instrument: 'BTC-USDT-SWAP',
      contractSize: '0.01',
      isInverse: false,
    } as const
    const funding = okx.derivatives?.funding([one])
    expect(funding?.marks?.path).toBe('/api/v5/public/mark-price?instType=SWAP')
    expect(funding?.marks?.read(data({ instId: 'BTC-USDT-SWAP', markPx: '68900.1' }))).toEqual({
      ok: true,
      value: new Map([['BTC-USDT-SWAP', '68900.1']]),
    })
    expect(funding?.indices?.path).toBe('/api/v5/market/index-tickers?quoteCcy=USDT')
    expect(funding?.indices?.read(data({ instId: 'BTC-USDT', idxPx: '68895.2' }))).toEqual({
      ok: true,
      value: new Map([['BTC-USDT-SWAP', '68895.2']]),
    })
  })
})
