import { describe, expect, it } from 'vitest'
import { coingecko } from '../../src/sources/coingecko.ts'
import { coinpaprika } from '../../src/sources/coinpaprika.ts'
import { reply } from './fixtures.ts'

const gecko = ['bitcoin', 'ethereum'].map((spelling, n) => ({
  source: 'COINGECKO' as const,
  symbol: n === 0 ? 'BTC-USD' : 'ETH-USD',
  spelling,
}))
const paprika = [{ source: 'COINPAPRIKA' as const, symbol: 'BTC-USD', spelling: 'btc-bitcoin' }]

describe('CoinGecko', () => {
  it('is asked for all coins at once, without a space between their ids', () => {
    const [request] = coingecko.quotes(gecko, {})
    expect(request?.path).toMatch(/^\/simple\/price\?ids=bitcoin,ethereum&vs_currencies=usd&/)
    expect(request?.headers).toBeUndefined()
    expect(coingecko.quotes(gecko, { apiKey: 'secret' })[0]?.headers).toEqual({
      'x-cg-demo-api-key': 'secret',
    })
    expect(coingecko.quotes(gecko, { apiKey: 'secret' })[0]?.path).not.toContain('secret')
  })

  it('leaves out what the source leaves out, and keeps every digit of the rest', () => {
    const body = '{"bitcoin":{"usd":42000.120,"usd_24h_vol":2.5e10,"last_updated_at":1700000000}}'
    expect(coingecko.quotes(gecko, {})[0]?.read(reply(body))).toEqual({
      ok: true,
      value: [
        {
          symbol: 'BTC-USD',
          price: '42000.120',
          volume24h: '25000000000',
          volumeUnit: 'USD',
          observedAt: 1_700_000_000_000,
        },
      ],
    })
  })

  it('has no price where the source has none', () => {
    const body = '{"bitcoin":{"usd":null,"last_updated_at":null},"ethereum":{"usd":0}}'
    expect(coingecko.quotes(gecko, {})[0]?.read(reply(body))).toMatchObject({
      value: [
        { price: null, volume24h: null, observedAt: null },
        { price: null, volume24h: null, observedAt: null },
      ],
    })
  })

  it('understands the three ways it writes an error', () => {
    const read = (body: unknown, status: number) => coingecko.quotes(gecko, {})[0]?.read(reply(body, status))
    expect(read({ error: 'Missing parameter ids' }, 422)).toMatchObject({
      failure: { reason: 'UNAVAILABLE' },
    })
    expect(read({ status: 500, error: 'Internal Server Error' }, 500)).toMatchObject({
      failure: { reason: 'UNAVAILABLE' },
    })
    expect(read({ status: { error_code: 10_002, error_message: 'API key missing' } }, 401)).toMatchObject({
      failure: { reason: 'UNAVAILABLE', message: '10002 API key missing' },
    })
    expect(read({ status: { error_code: 429, error_message: 'slow down' } }, 200)).toMatchObject({
      failure: { reason: 'RATE_LIMITED' },
    })
  })
})

describe('CoinPaprika', () => {
  it('brings every coin in one call, of which the asked ones are taken by id', () => {
    const coin = (id: string, price: string) =>
      `{"id":"${id}","symbol":"BTC","last_updated":"2026-01-02T03:04:05Z","quotes":{"USD":{"price":${price},"volume_24h":1234.50}}}`
    const [request, ...more] = coinpaprika.quotes(paprika, {})
    expect(more).toEqual([])
    expect(request?.path).toBe('/tickers?quotes=USD')
    expect(
      request?.read(reply(`[${coin('btc-batcat', '0.01')},${coin('btc-bitcoin', '42000.120000000003')}]`)),
    ).toEqual({
      ok: true,
      value: [
        {
          symbol: 'BTC-USD',
          price: '42000.120000000003',
          volume24h: '1234.50',
          volumeUnit: 'USD',
          observedAt: Date.parse('2026-01-02T03:04:05Z'),
        },
      ],
    })
  })

  it('tells a spent plan from a limit and from an unknown coin', () => {
    const read = (error: string, status: number) =>
      coinpaprika.quotes(paprika, {})[0]?.read(reply({ error }, status))
    expect(read('you have reached maximum request limit', 402)).toMatchObject({
      failure: { reason: 'RATE_LIMITED' },
    })
    expect(read('id not found', 404)).toMatchObject({ failure: { reason: 'NOT_LISTED' } })
    expect(read('payment required', 402)).toMatchObject({ failure: { reason: 'UNAVAILABLE' } })
  })
})
