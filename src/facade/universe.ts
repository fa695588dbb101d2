/**
 * Which markets exist and what each source calls them. The configured symbols and the aggregators' coin
 * tables are known at once; the venues' own lists are fetched behind the scenes, kept, retried and renewed
 * each hour. Nothing here waits at start, and nothing here fails.
 */
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import { AGGREGATORS, DERIVATIVES_VENUES, SOURCES, VENUES, isVenue } from '../domain/market.ts'
import type {
  Aggregator,
  DerivativesVenue,
  Listing,
  MarketSymbol,
  Perpetual,
  Source,
  Venue,
} from '../domain/market.ts'
import type { AggregatorSource, VenueSource } from '../sources/source.ts'
import type { Transport } from '../wire/http.ts'
import type { Universe } from './facade.ts'
import { createFollower, createList } from './lists.ts'
import type { List } from './lists.ts'
import {
  chosenPerpetuals,
  coinListings,
  distinct,
  neededSymbols,
  proxies,
  streamedSymbols,
} from './markets.ts'
import type { Cached } from './warm/cached.ts'

/** What the warm tier asks beyond the public universe. */
export interface KnownUniverse extends Universe {
  /** Symbols another one is priced through: `["BTC-USDT", "BTC-USDC"]` for `BTC-USD`. */
  proxies(symbol: MarketSymbol): readonly MarketSymbol[]
  /** The hot symbols, the stand-ins they are also priced through, and the rates between. */
  readonly streamed: readonly MarketSymbol[]
  isStreamed(symbol: MarketSymbol): boolean
  /** Everything of ours this source lists, proxies and their rates included. */
  listed(source: Source): readonly Listing[]
  perpetualAt(symbol: MarketSymbol, venue: DerivativesVenue): Perpetual | null
  /** The perpetuals of our symbols at this venue. */
  perpetuals(venue: DerivativesVenue): readonly Perpetual[]
  /** False until the source's list has arrived. */
  isKnown(source: Source): boolean
  arePerpetualsKnown(venue: DerivativesVenue): boolean
  /** Resolves once each list has been answered or refused for the first time. */
  settled(sources: readonly Source[]): Promise<void>
  start(): void
  stop(): void
}

export interface UniverseParts {
  readonly config: Config
  readonly clock: Clock
  readonly cached: Cached
  readonly venues: Readonly<Record<Venue, VenueSource>>
  readonly aggregators: Readonly<Record<Aggregator, AggregatorSource>>
  readonly transports: Readonly<Partial<Record<Source, Transport>>>
}

export function createUniverse(parts: UniverseParts): KnownUniverse {
  const { config } = parts
  const configured: ReadonlySet<MarketSymbol> = new Set(config.symbols)
  const hot: ReadonlySet<MarketSymbol> = new Set(config.hotSymbols)
  const proxiesOf = new Map(config.symbols.map((symbol) => [symbol, proxies(config, symbol)]))
  const needed = neededSymbols(config, proxiesOf)
  const streamed = streamedSymbols(config, proxiesOf)
  const spot = listsOf<Source, Listing>(SOURCES)
  const perpetuals = listsOf<DerivativesVenue, Perpetual>(DERIVATIVES_VENUES)
  const listingsOf = new Map<MarketSymbol, readonly Listing[]>()
  const follower = createFollower(parts)

  const isEnabled = (source: Source) => config.sources[source].isEnabled
  const transportOf = (venue: Venue): Transport | null =>
    isEnabled(venue) ? (parts.transports[venue] ?? null) : null

  for (const id of AGGREGATORS) {
    const coins = { ...parts.aggregators[id].coins, ...config.sources[id].coins }
    spot[id].put(isEnabled(id) ? coinListings(id, coins, needed) : [])
  }
  for (const id of VENUES) if (transportOf(id) === null) spot[id].put([])
  for (const id of DERIVATIVES_VENUES) if (!isEnabled(id)) perpetuals[id].put([])

  const followListings = (id: Venue): void => {
    const transport = transportOf(id)
    if (transport === null) return
    const list = spot[id]
    const take = (rows: readonly Listing[]): void => {
      list.put(rows.filter(({ symbol }) => needed.has(symbol)))
      listingsOf.clear()
    }
    const request = parts.venues[id].listings
    follower.follow({ key: `listings:${id}`, transport, request, take, settle: list.settle })
  }

  const followPerpetuals = (id: DerivativesVenue): void => {
    const { derivatives } = parts.venues[id]
    const transport = transportOf(id)
    const list = perpetuals[id]
    if (derivatives === undefined) list.put([])
    else if (transport !== null) {
      const take = (rows: readonly Perpetual[]): void => list.put(chosenPerpetuals(config, rows))
      const request = derivatives.perpetuals
      follower.follow({ key: `perpetuals:${id}`, transport, request, take, settle: list.settle })
    }
  }

  return {
    symbols: config.symbols,
    has: (symbol) => configured.has(symbol),
    isHot: (symbol) => hot.has(symbol),
    listings(symbol) {
      let all = listingsOf.get(symbol)
      if (all === undefined) {
        all = SOURCES.flatMap((id) => spot[id].rows.get(symbol) ?? [])
        listingsOf.set(symbol, all)
      }
      return all
    },
    listingAt: (symbol, source) => spot[source].rows.get(symbol) ?? null,
    proxies: (symbol) => proxiesOf.get(symbol) ?? [],
    streamed: [...streamed],
    isStreamed: (symbol) => streamed.has(symbol),
    listed: (source) => [...spot[source].rows.values()],
    perpetualAt: (symbol, venue) => perpetuals[venue].rows.get(symbol) ?? null,
    perpetuals: (venue) => distinct([...perpetuals[venue].rows.values()]),
    isKnown: (source) => spot[source].isKnown,
    arePerpetualsKnown: (venue) => perpetuals[venue].isKnown,
    async settled(sources) {
      await Promise.all(
        sources.flatMap((id) => [
          spot[id].settled,
          isVenue(id) && id !== 'COINBASE' ? perpetuals[id].settled : undefined,
        ]),
      )
    },
    start() {
      VENUES.forEach(followListings)
      DERIVATIVES_VENUES.forEach(followPerpetuals)
    },
    stop: follower.stop,
  }
}

const listsOf = <K extends string, T extends { readonly symbol: MarketSymbol }>(
  ids: readonly K[],
): Readonly<Record<K, List<T>>> =>
  Object.fromEntries(ids.map((id) => [id, createList<T>()])) as Readonly<Record<K, List<T>>>
