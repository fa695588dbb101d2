/** Funding and open interest, from each venue's own words to ours: one market, three ways to count it. */
import { describe, expect, it } from 'vitest'
import { compare, multiply } from '../../src/domain/decimal.ts'
import { DERIVATIVES_VENUES } from '../../src/domain/market.ts'
import type { DerivativesVenue, Perpetual } from '../../src/domain/market.ts'
import { venues } from '../../src/sources/index.ts'
import type { FundingReading, OpenInterestReading } from '../../src/sources/source.ts'
import type { Reading } from '../../src/wire/request.ts'
import { reply } from './fixtures.ts'

const AT = Date.UTC(2026, 0, 2, 3, 20)
const EIGHT = Date.UTC(2026, 0, 2, 8)

interface Golden {
  /** What the venue sends, by the path it is asked on. */
  readonly bodies: Readonly<Record<string, string>>
  /** It has one for each quote that the instrument follows; this is the one of BTC-USD. */
  readonly perpetual: Perpetual
  readonly funding: FundingReading
  readonly interest: OpenInterestReading
}

const about = { symbol: 'BTC-USD', observedAt: AT }

const GOLDEN: Readonly<Record<DerivativesVenue, Golden>> = {
  // Coins; the rate of the coming settlement under the name of the last.
  BINANCE: {
    bodies: {
      '/fapi/v1/exchangeInfo':
        '{"symbols":[{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"},{"symbol":"BTCUSDT_260327","contractType":"CURRENT_QUARTER","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}',
      '/fapi/v1/premiumIndex': `{"symbol":"BTCUSDT","markPrice":"64210.50000000","indexPrice":"64205.10000000","lastFundingRate":"0.00010000","nextFundingTime":${EIGHT},"time":${AT}}`,
      '/fapi/v1/fundingInfo': '[{"symbol":"BTCUSDT","fundingIntervalHours":4}]',
      '/fapi/v1/openInterest': `{"openInterest":"83782.317","symbol":"BTCUSDT","time":${AT}}`,
    },
    perpetual: {
      venue: 'BINANCE',
      symbol: 'BTC-USD',
      instrument: 'BTCUSDT',
      contractSize: '1',
      isInverse: false,
    },
    funding: {
      ...about,
      instrument: 'BTCUSDT',
      rate: '0.00010000',
      intervalHours: 4,
      nextFundingAt: EIGHT,
      markPrice: '64210.50000000',
      indexPrice: '64205.10000000',
    },
    interest: { ...about, instrument: 'BTCUSDT', value: '83782.317' },
  },
  // Contracts of a hundredth of a coin; mark and index in tables of their own.
  OKX: {
    bodies: {
      '/api/v5/public/instruments':
        '{"code":"0","msg":"","data":[{"instId":"BTC-USDT-SWAP","ctType":"linear","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","settleCcy":"USDT","state":"live"},{"instId":"BTC-USD-SWAP","ctType":"inverse","ctVal":"100","ctMult":"1","ctValCcy":"USD","settleCcy":"BTC","state":"live"}]}',
      '/api/v5/public/funding-rate': `{"code":"0","msg":"","data":[{"instId":"BTC-USDT-SWAP","fundingRate":"-0.0000512","fundingTime":"${EIGHT}","nextFundingTime":"${EIGHT + 8 * 3_600_000}","ts":"${AT}"}]}`,
      '/api/v5/public/mark-price':
        '{"code":"0","msg":"","data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"64211.1"}]}',
      '/api/v5/market/index-tickers':
        '{"code":"0","msg":"","data":[{"instId":"BTC-USDT","idxPx":"64206.7"}]}',
      '/api/v5/public/open-interest': `{"code":"0","msg":"","data":[{"instId":"BTC-USDT-SWAP","oi":"2216113","oiCcy":"","ts":"${AT}"}]}`,
    },
    perpetual: {
      venue: 'OKX',
      symbol: 'BTC-USD',
      instrument: 'BTC-USDT-SWAP',
      contractSize: '0.01',
      isInverse: false,
    },
    funding: {
      ...about,
      instrument: 'BTC-USDT-SWAP',
      rate: '-0.0000512',
      intervalHours: 8,
      nextFundingAt: EIGHT,
      markPrice: '64211.1',
      indexPrice: '64206.7',
    },
    interest: { ...about, instrument: 'BTC-USDT-SWAP', value: '22161.13' },
  },
  // An inverse contract, counted in dollars, whose rate is coins for a dollar and hour.
  KRAKEN: {
    bodies: {
      '/tickers':
        '{"result":"success","serverTime":"2026-01-02T03:20:00.000Z","tickers":[{"symbol":"PI_XBTUSD","tag":"perpetual","pair":"XBT:USD","markPrice":64000.0,"indexPrice":63990.5,"openInterest":16000000.0,"fundingRate":1.25e-10}]}',
    },
    perpetual: {
      venue: 'KRAKEN',
      symbol: 'BTC-USD',
      instrument: 'PI_XBTUSD',
      contractSize: '1',
      isInverse: true,
    },
    funding: {
      ...about,
      instrument: 'PI_XBTUSD',
      rate: '0.000008',
      intervalHours: 1,
      nextFundingAt: Date.UTC(2026, 0, 2, 4),
      markPrice: '64000.0',
      indexPrice: '63990.5',
    },
    interest: { ...about, instrument: 'PI_XBTUSD', value: '250' },
  },
}

describe.each(DERIVATIVES_VENUES)('%s', (venue) => {
  const { bodies, perpetual, funding, interest } = GOLDEN[venue]
  const desk = venues[venue].derivatives
  const answered = <T>(request?: {
    readonly path: string
    readonly read: (reply: ReturnType<typeof import('./fixtures.ts').reply>) => Reading<T>
  }): T | undefined => {
    if (request === undefined) return undefined
    const read = request.read(reply(bodies[request.path.split('?')[0] ?? ''] ?? ''))
    if (!read.ok) throw new Error(`${request.path}: ${read.failure.message}`)
    return read.value
  }

  it('lists its own instrument for the market', () => {
    expect(answered(desk?.perpetuals())?.find(({ symbol }) => symbol === 'BTC-USD')).toEqual(perpetual)
  })

  it('pays so much, how often, when next, at which mark and index', () => {
    const asked = desk?.funding([perpetual])
    const [row] = answered(asked?.requests[0]) ?? []
    const joined = {
      ...row,
      intervalHours: answered(asked?.intervals)?.get(perpetual.instrument) ?? row?.intervalHours,
      markPrice: row?.markPrice ?? answered(asked?.marks)?.get(perpetual.instrument),
      indexPrice: row?.indexPrice ?? answered(asked?.indices)?.get(perpetual.instrument),
    }
    expect({ ...joined, rate: funding.rate }).toEqual(funding)
    expect(compare(row?.rate ?? '', funding.rate)).toBe(0)
  })

  it('holds so many coins open, whatever it counts in', () => {
    const [row] = answered(desk?.openInterest([perpetual])[0]) ?? []
    expect({ ...row, value: interest.value }).toEqual(interest)
    expect(compare(row?.value ?? '', interest.value)).toBe(0)
  })
})

it('dollars divided by the price are coins that are worth those dollars', () => {
  expect(compare(multiply('250', '64000'), '16000000')).toBe(0)
})
