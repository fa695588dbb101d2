/** Kraken's perpetuals over REST: bare numbers, and a funding rate that is dollars per contract and hour. */
import { STABLE } from './coins.ts'
import { POWERS } from './digits.ts'
import type { Market } from './market.ts'
import { interestOf, markOf } from './perpetuals.ts'
import type { Answered, Asked, VenueSite } from './site.ts'

const ROOT = '/derivatives/api/v3'

export function krakenFutures(site: VenueSite): (asked: Asked) => Answered {
  const markets = site.markets.filter(({ base, quote }) => quote === 'USD' && !STABLE.has(base))
  return ({ path }) => {
    const serverTime = new Date(site.time()).toISOString()
    if (path === `${ROOT}/tickers`)
      return {
        body: { result: 'success', serverTime, tickers: markets.flatMap((market) => tickers(site, market)) },
      }
    if (path === `${ROOT}/instruments`)
      return {
        body: {
          result: 'success',
          serverTime,
          instruments: markets.flatMap((market) => instruments(market)),
        },
      }
    return { status: 404, body: { result: 'error', error: 'Not found', serverTime } }
  }
}

const nameOf = (market: Market, prefix: 'PF' | 'PI'): string =>
  `${prefix}_${market.base === 'BTC' ? 'XBT' : market.base}USD`
/** The inverse contracts still list only these. */
const isInverseToo = ({ base }: Market): boolean => base === 'BTC' || base === 'ETH'

function tickers(site: VenueSite, market: Market): readonly unknown[] {
  const at = site.now()
  const mark = markOf(site.world, market.symbol, at)
  const index = site.world.price(market.symbol, at)
  const coins = interestOf(site.world, market.base, at) * 0.05
  const perHour = site.world.fundingPerHour(market.base, at) * 0.95
  const { bid, ask, last } = market.touch(at)
  const common = {
    last: last / POWERS[market.priceDigits]!,
    lastTime: new Date(site.time()).toISOString(),
    tag: 'perpetual',
    pair: `${market.base === 'BTC' ? 'XBT' : market.base}:USD`,
    markPrice: mark,
    bid: bid[0] / POWERS[market.priceDigits]!,
    bidSize: 1,
    ask: ask[0] / POWERS[market.priceDigits]!,
    askSize: 1,
    vol24h: coins * 2,
    volumeQuote: coins * 2 * mark,
    open24h: index,
    high24h: index * 1.01,
    low24h: index * 0.99,
    lastSize: 0.01,
    suspended: false,
    indexPrice: index,
    postOnly: false,
    change24h: 0.4,
  }
  const linear = {
    ...common,
    symbol: nameOf(market, 'PF'),
    openInterest: Number(coins.toFixed(4)),
    fundingRate: perHour * mark,
    fundingRatePrediction: perHour * mark,
  }
  if (!isInverseToo(market)) return [linear]
  // Of an inverse contract the rate is coins per dollar: the fraction divided by the price.
  return [
    linear,
    {
      ...common,
      symbol: nameOf(market, 'PI'),
      openInterest: Math.round(coins * mark * 0.1),
      fundingRate: perHour / mark,
      fundingRatePrediction: perHour / mark,
    },
  ]
}

function instruments(market: Market): readonly unknown[] {
  const common = {
    tickSize: 1 / POWERS[market.priceDigits]!,
    contractSize: 1,
    tradeable: true,
    openingDate: '2022-03-22T13:18:45Z',
    fundingRateCoefficient: 24,
    maxRelativeFundingRate: 0.0025,
    contractValueTradePrecision: 4,
    postOnly: false,
    base: market.base,
    quote: 'USD',
    pair: `${market.base}:USD`,
  }
  const linear = { symbol: nameOf(market, 'PF'), type: 'flexible_futures', ...common }
  if (!isInverseToo(market)) return [linear]
  return [
    linear,
    { symbol: nameOf(market, 'PI'), type: 'futures_inverse', underlying: 'rr_xbtusd', ...common },
  ]
}
