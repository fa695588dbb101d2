/** OKX's tether-settled swaps over REST: counted in contracts, funded every eight hours. */
import { STABLE } from './coins.ts'
import { padded, trimmed } from './digits.ts'
import type { Market } from './market.ts'
import { interestOf, markOf } from './perpetuals.ts'
import type { Answered, Asked, VenueSite } from './site.ts'
import { HOUR_MS } from './world.ts'

export const good = (data: readonly unknown[]): Answered => ({ body: { code: '0', msg: '', data } })
export const refused = (code: string, msg: string): Answered => ({ body: { code, msg, data: [] } })

export function okxSwaps(site: VenueSite): Readonly<Record<string, (asked: Asked) => Answered>> {
  return {
    '/api/v5/public/funding-rate': ({ query }) =>
      perSwap(site, query.get('instId'), (found) => funding(site, found)),
    '/api/v5/public/open-interest': ({ query }) =>
      perSwap(site, query.get('instId') ?? 'ANY', (found) => interest(site, found)),
    '/api/v5/public/mark-price': ({ query }) =>
      perSwap(site, query.get('instId') ?? 'ANY', (found) => ({
        instType: 'SWAP',
        instId: swapOf(found),
        markPx: markOf(site.world, found.symbol, site.now()).toFixed(found.priceDigits),
        ts: String(site.time()),
      })),
    '/api/v5/market/index-tickers': ({ query }) =>
      good(query.get('quoteCcy') === 'USDT' ? swapMarkets(site).map((found) => index(site, found)) : []),
  }
}

/** The instruments list. */
export function swaps(site: VenueSite): readonly unknown[] {
  return swapMarkets(site).map((market) => ({
    alias: '',
    baseCcy: '',
    quoteCcy: '',
    instId: swapOf(market),
    instType: 'SWAP',
    ctVal: contractSizeOf(market),
    ctMult: '1',
    ctType: 'linear',
    ctValCcy: market.base,
    settleCcy: 'USDT',
    lotSz: '1',
    minSz: '1',
    tickSz: trimmed(1, market.priceDigits),
    state: 'live',
    listTime: '1611916828000',
    expTime: '',
    lever: '100',
    uly: `${market.base}-USDT`,
  }))
}

const swapMarkets = (site: VenueSite): readonly Market[] =>
  site.markets.filter(({ base, quote }) => quote === 'USDT' && !STABLE.has(base))
const swapOf = (market: Market): string => `${market.base}-USDT-SWAP`

/** A contract is worth some ten to a thousand dollars. */
function contractSizeOf(market: Market): string {
  const digits = market.priceDigits
  if (digits <= 1) return '0.01'
  if (digits === 2) return '0.1'
  if (digits <= 4) return '1'
  return digits <= 6 ? '100' : '1000000'
}

function perSwap(site: VenueSite, asked: string | null, row: (market: Market) => unknown): Answered {
  const markets = swapMarkets(site)
  if (asked === 'ANY') return good(markets.map(row))
  const found = markets.find((market) => swapOf(market) === asked)
  return found === undefined
    ? refused('51001', "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    : good([row(found)])
}

function funding(site: VenueSite, market: Market): unknown {
  const at = site.now()
  const next = (Math.floor(at / (8 * HOUR_MS)) + 1) * 8 * HOUR_MS
  return {
    instType: 'SWAP',
    instId: swapOf(market),
    method: 'current_period',
    fundingRate: (site.world.fundingPerHour(market.base, at) * 8.4).toFixed(12),
    nextFundingRate: '',
    fundingTime: String(next),
    nextFundingTime: String(next + 8 * HOUR_MS),
    minFundingRate: '-0.015',
    maxFundingRate: '0.015',
    settFundingRate: (site.world.fundingPerHour(market.base, at - 8 * HOUR_MS) * 8).toFixed(12),
    settState: 'settled',
    premium: '0.0001',
    ts: String(site.time()),
  }
}

function index(site: VenueSite, market: Market): unknown {
  const price = site.world.price(market.symbol, site.now()).toFixed(market.priceDigits)
  return {
    instId: `${market.base}-USDT`,
    idxPx: price,
    high24h: price,
    low24h: price,
    ts: String(site.time()),
  }
}

function interest(site: VenueSite, market: Market): unknown {
  const contracts = Math.round(
    (interestOf(site.world, market.base, site.now()) * 0.4) / Number(contractSizeOf(market)),
  )
  const coins = contracts * Number(contractSizeOf(market))
  return {
    instType: 'SWAP',
    instId: swapOf(market),
    oi: String(contracts),
    oiCcy: padded(Math.round(coins * 100), 2),
    oiUsd: (coins * site.world.price(market.symbol, site.now())).toFixed(2),
    ts: String(site.time()),
  }
}
