/**
 * The warm tier's front: who may be asked for what, which arguments are within bounds, and whether a question
 * is about the present or the past. Everything behind it may take that as given.
 */
import { refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { SOURCE_NAMES, VENUES } from '../../domain/market.ts'
import type { DerivativesVenue, MarketSymbol, Source, Venue } from '../../domain/market.ts'
import type { Price } from '../../domain/attribution.ts'
import type { LiquidityRequest, Warm } from '../facade.ts'
import { createBooks } from './books.ts'
import type { Books } from './books.ts'
import { createCandles } from './candles.ts'
import { createClaims } from './claims.ts'
import { createDepths } from './depths.ts'
import { createFunding } from './funding.ts'
import { createKlines } from './klines.ts'
import { createLiquidities } from './liquidity.ts'
import { createOpenInterest } from './open-interest.ts'
import type { WarmParts } from './parts.ts'
import { createPrices } from './prices.ts'
import { MOST_CANDLES } from './ranges.ts'
import { split } from './split.ts'
import { createTables } from './tables.ts'
import { createVadrs } from './vadr.ts'
import { createVolumes } from './volumes.ts'

export interface WarmTier extends Warm {
  /** For streams: at once, from memory. */
  livePrice(symbol: MarketSymbol): Price | null
  recordHot: Books['recordHot']
}

const DEEPEST = 5_000
const WIDEST_PERCENT = 100

export function createWarm(parts: WarmParts): WarmTier {
  const { config, universe } = parts
  const claims = createClaims(parts)
  const tables = createTables(parts)
  const candles = createCandles(parts)
  const depths = createDepths(parts)
  const prices = createPrices(parts, claims, tables)
  const volumes = createVolumes(parts, claims, tables)
  const klines = createKlines(parts, claims, candles)
  const vadrs = createVadrs(parts, candles)
  const funding = createFunding(parts)
  const openInterest = createOpenInterest(parts)
  const isOn = (source: Source) => config.sources[source].isEnabled
  const books = createBooks(parts, depths, config.authority.microstructure.filter(isOn))
  const liquidities = createLiquidities(parts, depths)

  const unknown = (symbol: MarketSymbol): Outcome<never> | null =>
    universe.has(symbol) ? null : refused('UNKNOWN_SYMBOL', `${symbol} is not a configured symbol.`)

  const mayNot = (allowed: readonly Source[], source: Source, what: string): Outcome<never> | null =>
    allowed.includes(source) && isOn(source)
      ? null
      : refused('NOT_AUTHORITATIVE', `Configuration does not let ${SOURCE_NAMES[source]} speak for ${what}.`)

  const ofSymbol = ({ symbol }: { readonly symbol: MarketSymbol }) => unknown(symbol)
  const ofVenue = (request: { readonly symbol: MarketSymbol; readonly venue: Venue }) =>
    unknown(request.symbol) ?? mayNot(config.authority.microstructure, request.venue, 'books and trades')
  const ofCandles = (request: { readonly symbol: MarketSymbol; readonly venue: Venue }) =>
    unknown(request.symbol) ?? mayNot(claims.order, request.venue, 'prices and volumes')
  const ofDerivatives = (request: { readonly symbol: MarketSymbol; readonly venue: DerivativesVenue }) =>
    unknown(request.symbol) ?? mayNot(config.authority.derivatives, request.venue, 'derivatives')

  const outOf = (argument: string, value: number, least: number, most: number): Outcome<never> | null =>
    value >= least && value <= most
      ? null
      : refused('BAD_USER_INPUT', `${argument} must be from ${least} to ${most}.`, { argument, limit: most })
  const wholeOutOf = (argument: string, value: number, most: number) =>
    Number.isInteger(value)
      ? outOf(argument, value, 1, most)
      : refused('BAD_USER_INPUT', `${argument} must be a whole number.`, { argument, limit: most })

  const ofLiquidity = (request: LiquidityRequest) =>
    ofVenue(request) ?? outOf('withinPercent', request.withinPercent, 0.001, WIDEST_PERCENT)

  return {
    livePrice: prices.live,
    recordHot: books.recordHot,
    prices: (requests, signal) =>
      requests.every(({ symbol, asOf }) => asOf === null && universe.has(symbol))
        ? prices.present(requests, signal)
        : split(requests, ofSymbol, prices, signal),
    volumes: (requests, signal) => split(requests, ofSymbol, volumes, signal),
    vadr: (requests, signal) => split(requests, ofCandles, vadrs, signal),
    liquidity: (requests, signal) => split(requests, ofLiquidity, liquidities, signal),
    funding: (requests, signal) => split(requests, ofDerivatives, funding, signal),
    openInterest: (requests, signal) => split(requests, ofDerivatives, openInterest, signal),
    async klines(request, signal) {
      const { asOf, last, before } = request
      const refusal =
        ofSymbol(request) ??
        wholeOutOf('last', last, MOST_CANDLES) ??
        (before === null ? null : outOf('before', before, 1, Number.MAX_SAFE_INTEGER))
      if (refusal !== null) return refusal
      return asOf === null ? klines.present(request, signal) : klines.past({ ...request, asOf })
    },
    async book({ symbol, venue, depth, asOf }, signal) {
      const refusal =
        unknown(symbol) ??
        (venue === null ? null : ofVenue({ symbol, venue })) ??
        wholeOutOf('depth', depth, DEEPEST)
      if (refusal !== null) return refusal
      return asOf === null
        ? books.present(symbol, venue, depth, signal)
        : books.past(symbol, venue, depth, asOf)
    },
    async consolidatedBook({ symbol, depth, venues }, signal) {
      const asked = venues ?? VENUES.filter((venue) => ofVenue({ symbol, venue }) === null)
      const bounds = wholeOutOf('depth', depth, DEEPEST)
      const forbidden = asked.map((venue) => ofVenue({ symbol, venue })).find((no) => no !== null)
      const refusal = unknown(symbol) ?? bounds ?? forbidden ?? null
      return refusal ?? books.consolidated(symbol, [...new Set(asked)], depth, signal)
    },
  }
}
