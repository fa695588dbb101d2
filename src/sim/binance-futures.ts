/** Binance's perpetuals over REST, under /fapi/v1: tether contracts, some of which settle every four hours. */
import { STABLE } from './coins.ts'
import { padded } from './digits.ts'
import type { Market } from './market.ts'
import { interestOf, markOf } from './perpetuals.ts'
import type { Answered, Asked, VenueSite } from './site.ts'
import { HOUR_MS } from './world.ts'

/** What a request weighs, and its answer. */
export type Weighted = readonly [weight: number, answer: (asked: Asked) => Answered]

export const INVALID_SYMBOL: Answered = { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } }

export function binanceFutures(site: VenueSite): Readonly<Record<string, Weighted>> {
  return {
    '/fapi/v1/time': [1, () => ({ body: { serverTime: site.time() } })],
    '/fapi/v1/exchangeInfo': [1, () => ({ body: contracts(site) })],
    '/fapi/v1/premiumIndex': [1, (asked) => perContract(site, asked, (found) => premium(site, found))],
    '/fapi/v1/fundingInfo': [1, () => ({ body: fundingInfo(site) })],
    '/fapi/v1/openInterest': [1, (asked) => interest(site, asked)],
  }
}

/** One per coin, settled in tether; the tiny coins by the thousand. */
const contractOf = (market: Market): string => `${contractBase(market)}USDT`
const contractBase = (market: Market): string => (isTiny(market) ? `1000${market.base}` : market.base)
const isTiny = (market: Market): boolean => market.priceDigits >= 8

const contractMarkets = (site: VenueSite): readonly Market[] =>
  site.markets.filter(({ base, quote }) => quote === 'USDT' && !STABLE.has(base))

function contracts(site: VenueSite): unknown {
  return {
    timezone: 'UTC',
    serverTime: site.time(),
    futuresType: 'U_MARGINED',
    rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 }],
    exchangeFilters: [],
    symbols: contractMarkets(site).map((market) => ({
      symbol: contractOf(market),
      pair: contractOf(market),
      contractType: 'PERPETUAL',
      deliveryDate: 4_133_404_800_000,
      onboardDate: 1_569_398_400_000,
      status: 'TRADING',
      baseAsset: contractBase(market),
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      pricePrecision: market.priceDigits,
      quantityPrecision: 3,
      underlyingType: 'COIN',
      filters: [],
    })),
  }
}

function perContract(site: VenueSite, { query }: Asked, row: (market: Market) => unknown): Answered {
  const asked = query.get('symbol')
  const markets = contractMarkets(site)
  if (asked === null) return { body: markets.map(row) }
  const market = markets.find((candidate) => contractOf(candidate) === asked)
  return market === undefined ? INVALID_SYMBOL : { body: row(market) }
}

/** Every fifth contract settles every four hours. */
const hoursOf = (site: VenueSite, market: Market): number =>
  contractMarkets(site).indexOf(market) % 5 === 4 ? 4 : 8

function premium(site: VenueSite, market: Market): unknown {
  const at = site.now()
  const hours = hoursOf(site, market)
  const times = isTiny(market) ? 1000 : 1
  return {
    symbol: contractOf(market),
    markPrice: (markOf(site.world, market.symbol, at) * times).toFixed(8),
    indexPrice: (site.world.price(market.symbol, at) * times).toFixed(8),
    estimatedSettlePrice: (site.world.price(market.symbol, at) * times).toFixed(8),
    lastFundingRate: (site.world.fundingPerHour(market.base, at) * hours).toFixed(8),
    interestRate: '0.00010000',
    nextFundingTime: (Math.floor(at / (hours * HOUR_MS)) + 1) * hours * HOUR_MS,
    time: site.time(),
  }
}

function fundingInfo(site: VenueSite): unknown {
  return contractMarkets(site)
    .filter((market) => hoursOf(site, market) !== 8)
    .map((market) => ({
      symbol: contractOf(market),
      adjustedFundingRateCap: '0.02000000',
      adjustedFundingRateFloor: '-0.02000000',
      fundingIntervalHours: hoursOf(site, market),
      disclaimer: false,
    }))
}

function interest(site: VenueSite, asked: Asked): Answered {
  if (asked.query.get('symbol') === null)
    return {
      status: 400,
      body: { code: -1102, msg: "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed." },
    }
  return perContract(site, asked, (market) => ({
    openInterest: padded(
      Math.round((interestOf(site.world, market.base, site.now()) * 1000) / (isTiny(market) ? 1000 : 1)),
      3,
    ),
    symbol: contractOf(market),
    time: site.time(),
  }))
}
