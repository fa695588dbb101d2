/**
 * Which markets exist and what each source calls them. The configured symbols and the aggregators' coin
 * tables are known at once; the venues' own lists are fetched behind the scenes, kept, retried and renewed
 * each hour. Nothing here waits at start, and nothing here fails.
 */
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import {
  AGGREGATORS,
  DERIVATIVES_VENUES,
  SOURCES,
  VENUES,
  baseOf,
  isVenue,
  quoteOf,
} from '../domain/market.ts'
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
import type { Request } from '../wire/request.ts'
import type { Universe } from './facade.ts'
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

const RENEW_MS = 3_600_000
const KEPT_MS = 7 * 86_400_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000

interface List<T> {
  isKnown: boolean
  readonly rows: Map<MarketSymbol, T>
  readonly settled: Promise<void>
  settle: () => void
}

export function createUniverse(parts: UniverseParts): KnownUniverse {
  const { config, clock, cached } = parts
  const configured: ReadonlySet<MarketSymbol> = new Set(config.symbols)
  const hot: ReadonlySet<MarketSymbol> = new Set(config.hotSymbols)
  const proxiesOf = new Map(config.symbols.map((symbol) => [symbol, proxies(config, symbol)]))
  const needed = neededSymbols(config, proxiesOf)
  const streamed = streamedSymbols(config, proxiesOf)
  const isEnabled = (source: Source) => config.sources[source].isEnabled
  const spot = new Map<Source, List<Listing>>(SOURCES.map((id) => [id, emptyList()]))
  const perpetuals = new Map<DerivativesVenue, List<Perpetual>>(
    DERIVATIVES_VENUES.map((id) => [id, emptyList()]),
  )
  const listingsOf = new Map<MarketSymbol, readonly Listing[]>()
  const stops = new Set<() => void>()
  let isStopped = false

  for (const id of AGGREGATORS) {
    const coins = { ...parts.aggregators[id].coins, ...config.sources[id].coins }
    const rows = isEnabled(id) ? coinListings(id, coins, needed) : []
    fill(spot.get(id), rows)
  }
  for (const id of VENUES) if (!isEnabled(id) || parts.transports[id] === undefined) fill(spot.get(id), [])
  for (const id of DERIVATIVES_VENUES) if (!isEnabled(id)) fill(perpetuals.get(id), [])

  const later = (ms: number, run: () => void): void => {
    if (isStopped) return
    const cancel = clock.after(ms, () => {
      stops.delete(cancel)
      run()
    })
    stops.add(cancel)
  }

  /** Fetches a venue's list for ever: hourly when it answers, with a growing pause when it does not. */
  const follow = <T>(
    key: string,
    venue: Venue,
    request: () => Request<readonly T[]>,
    take: (rows: readonly T[]) => void,
    settle: () => void,
  ) => {
    const transport = parts.transports[venue]
    if (transport === undefined || !isEnabled(venue)) return
    let retryMs = FIRST_RETRY_MS
    const ask = async (): Promise<void> => {
      const [got] = await cached.read<readonly T[]>([
        {
          key,
          ttlMs: RENEW_MS,
          staleMs: KEPT_MS,
          fetch: () => transport.send(request(), { priority: 'background' }),
        },
      ])
      if (isStopped) return
      if (got?.ok) take(got.entry.data)
      settle()
      const isCurrent = got?.ok === true && got.status !== 'STALE'
      retryMs = isCurrent ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS)
      later(isCurrent ? RENEW_MS : retryMs, () => void ask())
    }
    void ask()
  }

  const known: KnownUniverse = {
    symbols: config.symbols,
    has: (symbol) => configured.has(symbol),
    isHot: (symbol) => hot.has(symbol),
    listings(symbol) {
      let all = listingsOf.get(symbol)
      if (all === undefined) {
        all = SOURCES.flatMap((id) => spot.get(id)?.rows.get(symbol) ?? [])
        listingsOf.set(symbol, all)
      }
      return all
    },
    listingAt: (symbol, source) => spot.get(source)?.rows.get(symbol) ?? null,
    proxies: (symbol) => proxiesOf.get(symbol) ?? [],
    streamed: [...streamed],
    isStreamed: (symbol) => streamed.has(symbol),
    listed: (source) => [...(spot.get(source)?.rows.values() ?? [])],
    perpetualAt: (symbol, venue) => perpetuals.get(venue)?.rows.get(symbol) ?? null,
    perpetuals: (venue) => distinct([...(perpetuals.get(venue)?.rows.values() ?? [])]),
    isKnown: (source) => spot.get(source)?.isKnown ?? false,
    arePerpetualsKnown: (venue) => perpetuals.get(venue)?.isKnown ?? false,
    async settled(sources) {
      await Promise.all(
        sources.flatMap((id) => [
          spot.get(id)?.settled,
          isVenue(id) && id !== 'COINBASE' ? perpetuals.get(id)?.settled : undefined,
        ]),
      )
    },
    start() {
      for (const id of VENUES) {
        const list = spot.get(id)
        const take = (rows: readonly Listing[]) => {
          fill(
            list,
            rows.filter((row) => needed.has(row.symbol)),
          )
          listingsOf.clear()
        }
        follow(
          `listings:${id}`,
          id,
          () => parts.venues[id].listings(),
          take,
          () => list?.settle(),
        )
      }
      for (const id of DERIVATIVES_VENUES) {
        const { derivatives } = parts.venues[id]
        const list = perpetuals.get(id)
        if (derivatives === undefined) fill(list, [])
        else {
          const take = (rows: readonly Perpetual[]) => fill(list, chosenPerpetuals(config, rows))
          follow(
            `perpetuals:${id}`,
            id,
            () => derivatives.perpetuals(),
            take,
            () => list?.settle(),
          )
        }
      }
    },
    stop() {
      isStopped = true
      for (const stop of stops) stop()
      stops.clear()
    },
  }
  return known
}

function emptyList<T>(): List<T> {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { isKnown: false, rows: new Map(), settled: promise, settle: resolve }
}

function fill<T extends { readonly symbol: MarketSymbol }>(
  list: List<T> | undefined,
  rows: readonly T[],
): void {
  if (list === undefined) return
  list.rows.clear()
  for (const row of rows) if (!list.rows.has(row.symbol)) list.rows.set(row.symbol, row)
  list.isKnown = true
  list.settle()
}

function proxies(config: Config, symbol: MarketSymbol): readonly MarketSymbol[] {
  const quotes = config.reconciliation.quoteProxies[quoteOf(symbol)] ?? []
  return quotes.filter((quote) => quote !== baseOf(symbol)).map((quote) => `${baseOf(symbol)}-${quote}`)
}

/** The configured symbols, those they are priced through, and the rates between. */
function neededSymbols(
  config: Config,
  proxiesOf: ReadonlyMap<MarketSymbol, readonly MarketSymbol[]>,
): ReadonlySet<MarketSymbol> {
  const needed = new Set<MarketSymbol>(config.symbols)
  for (const [symbol, through] of proxiesOf) {
    for (const proxy of through) needed.add(proxy).add(`${quoteOf(proxy)}-${quoteOf(symbol)}`)
  }
  return needed
}

/** One stand-in each is enough: a venue that lists neither dollars nor tether is not known. */
function streamedSymbols(
  config: Config,
  proxiesOf: ReadonlyMap<MarketSymbol, readonly MarketSymbol[]>,
): ReadonlySet<MarketSymbol> {
  const streamed = new Set<MarketSymbol>(config.hotSymbols)
  for (const symbol of config.hotSymbols) {
    const [proxy] = proxiesOf.get(symbol) ?? []
    if (proxy !== undefined) streamed.add(proxy).add(`${quoteOf(proxy)}-${quoteOf(symbol)}`)
  }
  return streamed
}

function coinListings(
  source: Aggregator,
  coins: Readonly<Record<string, string>>,
  needed: ReadonlySet<MarketSymbol>,
): readonly Listing[] {
  const rows: Listing[] = []
  for (const symbol of needed) {
    const spelling = Object.hasOwn(coins, baseOf(symbol)) ? coins[baseOf(symbol)] : undefined
    if (spelling !== undefined && quoteOf(symbol) === 'USD') rows.push({ source, symbol, spelling })
  }
  return rows
}

/** For each symbol its own perpetual, or one in a proxy quote; one that counts in coins before one in dollars. */
function chosenPerpetuals(config: Config, rows: readonly Perpetual[]): readonly Perpetual[] {
  const bySymbol = new Map<MarketSymbol, Perpetual>()
  for (const row of rows) {
    const other = bySymbol.get(row.symbol)
    if (other === undefined || (other.isInverse && !row.isInverse)) bySymbol.set(row.symbol, row)
  }
  return config.symbols.flatMap((symbol) => {
    for (const name of [symbol, ...proxies(config, symbol)]) {
      const found = bySymbol.get(name)
      if (found !== undefined) return [{ ...found, symbol }]
    }
    return []
  })
}

/** The same instrument may stand for two symbols; the venue is asked for it once. */
function distinct(rows: readonly Perpetual[]): readonly Perpetual[] {
  return [...new Map(rows.map((row) => [row.instrument, row])).values()]
}
