/** A market and what is asked about it once; and its price as a stream. */
import { FacadeError } from '../domain/errors.ts'
import { baseOf, quoteOf } from '../domain/market.ts'
import type { Listing as DomainListing, MarketSymbol } from '../domain/market.ts'
import type { Instant } from '../domain/attribution.ts'
import type { Universe } from '../facade/facade.ts'
import { Price, PriceUpdate, Volume } from './attribution.ts'
import { maxRateBound, streamedBound, symbolsBound, withinPercentBound } from './bounds.ts'
import { builder } from './builder.ts'
import { Funding, OpenInterest } from './derivatives.ts'
import { live } from './live.ts'
import { Liquidity, Vadr } from './liquidity.ts'
import { DerivativesVenueWord, ReconciliationMethodWord, SourceWord, VenueWord } from './words.ts'

/** What stands behind `Market`: its names, and the instant all its fields are asked for (null: now). */
export interface MarketAt {
  readonly symbol: MarketSymbol
  readonly base: string
  readonly quote: string
  readonly asOf: Instant | null
}

const Listing = builder.objectRef<DomainListing>('Listing').implement({
  description: 'That one source knows this market, and what it calls it.',
  fields: (t) => ({
    source: t.expose('source', { type: SourceWord }),
    spelling: t.exposeString('spelling', {
      description: 'As that source writes it: `"BTCUSDT"`, `"BTC/USD"`, `"bitcoin"`.',
    }),
  }),
})

const Market = builder.objectRef<MarketAt>('Market').implement({
  description:
    'One market: its names, and the figures about it. Each figure is fetched only where it is selected.',
  fields: (t) => ({
    symbol: t.expose('symbol', { type: 'Symbol' }),
    base: t.exposeString('base', { description: 'What is traded: `"BTC"`.' }),
    quote: t.exposeString('quote', { description: 'What it is paid with: `"USD"`.' }),
    listings: t.field({
      type: [Listing],
      description:
        "The sources that carry this market, each with its own name for it. From the venues' listings.",
      resolve: ({ symbol }, _args, { facade }) => [...facade.universe.listings(symbol)],
    }),
    price: t.field({
      type: Price,
      nullable: true,
      description:
        'The price all its sources agree on, in the quote currency. Fails with SOURCE_UNAVAILABLE.',
      args: {
        method: t.arg({
          type: ReconciliationMethodWord,
          description: 'Left out: the configured one. Another one recomputes from the same claims.',
        }),
      },
      resolve: ({ symbol, asOf }, { method }, { loaders }) =>
        loaders.prices.load({ symbol, asOf, method: method ?? null }),
    }),
    volume24h: t.field({
      type: Volume,
      nullable: true,
      description: 'Traded over the last 24 hours, in the `unit` it names. Fails with SOURCE_UNAVAILABLE.',
      resolve: ({ symbol, asOf }, _args, { loaders }) => loaders.volumes.load({ symbol, asOf }),
    }),
    vadr: t.field({
      type: Vadr,
      nullable: true,
      description:
        "How far one venue's last hour stands out from the hours before it; `Vadr` says how it is computed.",
      args: { venue: t.arg({ type: VenueWord, required: true }) },
      resolve: ({ symbol, asOf }, { venue }, { loaders }) => loaders.vadr.load({ symbol, venue, asOf }),
    }),
    liquidity: t.field({
      type: Liquidity,
      nullable: true,
      description: "What rests around the middle of one venue's book, and how wide its spread is.",
      args: {
        venue: t.arg({ type: VenueWord, required: true }),
        withinPercent: t.arg.float({
          required: true,
          defaultValue: 2,
          description: 'Distance from mid on either side, in percent: above 0, at most 50.',
        }),
      },
      resolve: ({ symbol, asOf }, { venue, withinPercent }, { loaders }) =>
        loaders.liquidity.load({ symbol, venue, asOf, withinPercent: withinPercentBound(withinPercent) }),
    }),
    funding: t.field({
      type: Funding,
      nullable: true,
      description:
        'The funding rate of the perpetual that follows this market at one venue. NOT_LISTED where there is none.',
      args: { venue: t.arg({ type: DerivativesVenueWord, required: true }) },
      resolve: ({ symbol, asOf }, { venue }, { loaders }) => loaders.funding.load({ symbol, venue, asOf }),
    }),
    openInterest: t.field({
      type: OpenInterest,
      nullable: true,
      description: 'Contracts open in that perpetual, in base units. NOT_LISTED where there is none.',
      args: { venue: t.arg({ type: DerivativesVenueWord, required: true }) },
      resolve: ({ symbol, asOf }, { venue }, { loaders }) =>
        loaders.openInterest.load({ symbol, venue, asOf }),
    }),
  }),
})

const AS_OF = 'A past instant the whole selection is answered for, from records alone. Left out: now.'

builder.queryFields((t) => ({
  market: t.field({
    type: Market,
    nullable: true,
    description: 'A single market. Outside the configured universe: null, and an UNKNOWN_SYMBOL error.',
    args: {
      symbol: t.arg({ type: 'Symbol', required: true }),
      asOf: t.arg({ type: 'DateTime', description: AS_OF }),
    },
    resolve: (_root, { symbol, asOf }, { facade }) =>
      unwrapMarket(marketAt(facade.universe, symbol, asOf ?? null)),
  }),
  markets: t.field({
    type: [Market],
    nullable: { list: false, items: true },
    description:
      'As many markets as symbols, in their order. Those outside the universe are null, each with an ' +
      'UNKNOWN_SYMBOL error at its position; they do not disturb the others.',
    args: {
      symbols: t.arg({ type: ['Symbol'], required: true, description: 'At most 500.' }),
      asOf: t.arg({ type: 'DateTime', description: AS_OF }),
    },
    resolve: (_root, { symbols, asOf }, { facade }) =>
      symbolsBound(symbols).map((symbol) => marketAt(facade.universe, symbol, asOf ?? null)) as MarketAt[],
  }),
  symbols: t.field({
    type: ['Symbol'],
    description: 'All configured markets, in the order of the configuration.',
    resolve: (_root, _args, { facade }) => [...facade.universe.symbols],
  }),
}))

builder.subscriptionField('prices', (t) =>
  t.field({
    type: PriceUpdate,
    description:
      'The agreed price of each symbol: as it stands at first, then whenever the value or the evidence behind it changes. ' +
      'A slow reader is given the newest per symbol.',
    args: {
      symbols: t.arg({ type: ['Symbol'], required: true, description: '1 to 500.' }),
      maxRate: t.arg.float({
        description: 'Most updates a second and symbol: above 0, at most 100. Left out: as they come.',
      }),
    },
    subscribe: (_root, { symbols, maxRate }, { facade }) =>
      live(facade.hot.prices({ symbols: streamedBound('symbols', symbols), maxRate: maxRateBound(maxRate) })),
    resolve: (update) => update,
  }),
)

/** An unknown one is an error as a value, which graphql raises at its position in a list. */
function marketAt(universe: Universe, symbol: MarketSymbol, asOf: Instant | null): MarketAt | FacadeError {
  if (!universe.has(symbol)) return new FacadeError('UNKNOWN_SYMBOL', `${symbol} is not a configured market.`)
  return { symbol, base: baseOf(symbol), quote: quoteOf(symbol), asOf }
}

function unwrapMarket(market: MarketAt | FacadeError): MarketAt {
  if (market instanceof FacadeError) throw market
  return market
}
