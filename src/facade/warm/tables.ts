/**
 * What each source last quoted for all markets of ours. One refresh asks a source for everything it lists, so
 * that the number of requests does not grow with the number of symbols anyone asks for. The newest table of
 * each source stays at hand for answers that cannot wait.
 */
import type { Config } from '../../config.ts'
import type { Clock } from '../../domain/clock.ts'
import { isVenue } from '../../domain/market.ts'
import type { Aggregator, MarketSymbol, Source, Venue } from '../../domain/market.ts'
import type { AggregatorSource, QuoteReading, VenueSource } from '../../sources/source.ts'
import type { Entry } from '../../store/store.ts'
import type { Transport } from '../../wire/http.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, FailureReason, Reading, Request } from '../../wire/request.ts'
import type { KnownUniverse } from '../universe.ts'
import type { Cached, Want } from './cached.ts'

export interface QuoteTable {
  readonly receivedAt: number
  readonly quotes: Readonly<Record<MarketSymbol, QuoteReading>>
  /** Why some of the source's pages are missing; null when none is. */
  readonly missing: FailureReason | null
}

export type TableOutcome =
  | { readonly table: QuoteTable; readonly failure: null }
  | { readonly table: null; readonly failure: Failure }

export interface Tables {
  /** Each source's present table, asked for where it is too old. */
  load(sources: readonly Source[], signal?: AbortSignal): Promise<ReadonlyMap<Source, TableOutcome>>
  /** The newest table we have seen, not older than ten times its time; never asks. */
  latest(source: Source): QuoteTable | null
  /** Why the last attempt failed; null when it did not. */
  lastFailure(source: Source): Failure | null
  /** Asks behind the scenes where the newest table is past its time. */
  renew(sources: readonly Source[]): void
}

export interface TablesParts {
  readonly config: Config
  readonly clock: Clock
  readonly cached: Cached
  readonly universe: KnownUniverse
  readonly venues: Readonly<Record<Venue, VenueSource>>
  readonly aggregators: Readonly<Record<Aggregator, AggregatorSource>>
  readonly transports: Readonly<Partial<Record<Source, Transport>>>
}

/** A value may outlive its time this often when its source fails. */
export const STALE_FACTOR = 10
/** Venues' lists come in at start; nobody waits longer than this for the first ones. */
const LISTINGS_WAIT_MS = 2_000
const RENEW_REST_MS = 5_000

export function createTables(parts: TablesParts): Tables {
  const { config, clock, cached, universe } = parts
  const held = new Map<Source, Entry<QuoteTable>>()
  const failures = new Map<Source, Failure>()
  const renewing = new Set<Source>()
  /** Monotonic: a source that failed is not asked again behind the scenes before. */
  const restingUntil = new Map<Source, number>()

  const ttlOf = (source: Source): number => {
    const seconds = isVenue(source) ? config.ttlSeconds.prices_hot : config.ttlSeconds.prices_warm
    return seconds * 1000 * (parts.transports[source]?.stretch() ?? 1)
  }

  const requestsOf = (source: Source): readonly Request<readonly QuoteReading[]>[] => {
    const listings = universe.listed(source)
    if (isVenue(source)) return parts.venues[source].quotes(listings)
    const apiKey = source === 'COINGECKO' ? config.coingeckoApiKey : null
    return parts.aggregators[source].quotes(listings, apiKey === null ? {} : { apiKey })
  }

  const fetchTable = async (
    source: Source,
    priority: 'user' | 'background',
    signal: AbortSignal,
  ): Promise<Reading<QuoteTable>> => {
    const transport = parts.transports[source]
    if (transport === undefined) return unreadable('UNAVAILABLE', `${source} is switched off`)
    if (!universe.isKnown(source)) return unreadable('UNAVAILABLE', `${source}'s markets are not known yet`)
    const requests = requestsOf(source)
    if (requests.length === 0) return unreadable('NOT_LISTED', `${source} lists none of our markets`)
    const pages = await Promise.all(requests.map((request) => transport.send(request, { priority, signal })))
    return tableOf(pages, clock.now())
  }

  const want = (source: Source, priority: 'user' | 'background'): Want<QuoteTable> => ({
    key: `quotes:${source}`,
    ttlMs: () => ttlOf(source),
    // Only for those who may not wait; a reader who asks gets the failure and its reason.
    staleMs: ttlOf(source) * (STALE_FACTOR - 1),
    fetch: (signal) => fetchTable(source, priority, signal),
  })

  const read = async (
    sources: readonly Source[],
    priority: 'user' | 'background',
    asker?: AbortSignal,
  ): Promise<ReadonlyMap<Source, TableOutcome>> => {
    const got = await cached.read(
      sources.map((source) => want(source, priority)),
      asker,
    )
    const outcomes = new Map<Source, TableOutcome>()
    for (const [index, source] of sources.entries()) {
      const answer = got[index]
      if (answer === undefined) continue
      if (answer.ok) held.set(source, answer.entry)
      const failure = answer.failure
      if (failure === null) failures.delete(source)
      else if (asker?.aborted !== true) {
        failures.set(source, failure)
        restingUntil.set(source, clock.monotonic() + (failure.retryAfterMs ?? RENEW_REST_MS))
      }
      if (failure !== null) outcomes.set(source, { table: null, failure })
      else if (answer.ok) outcomes.set(source, { table: answer.entry.data, failure: null })
    }
    return outcomes
  }

  const known = async (sources: readonly Source[]): Promise<void> => {
    const unknown = sources.filter((source) => !universe.isKnown(source))
    if (unknown.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = clock.after(LISTINGS_WAIT_MS, resolve)
    await Promise.race([promise, universe.settled(unknown)])
    cancel()
  }

  return {
    async load(sources, asker) {
      if (sources.length === 0) return new Map()
      await known(sources)
      return read(sources, 'user', asker)
    },
    latest(source) {
      const entry = held.get(source)
      if (entry === undefined) return null
      const age = clock.now() - entry.cachedAt
      return age <= ttlOf(source) * STALE_FACTOR ? entry.data : null
    },
    lastFailure: (source) => failures.get(source) ?? null,
    renew(sources) {
      const now = clock.now()
      const due = sources.filter((source) => {
        if (renewing.has(source) || !universe.isKnown(source)) return false
        if (clock.monotonic() < (restingUntil.get(source) ?? 0)) return false
        const entry = held.get(source)
        return entry === undefined || entry.expiresAt <= now
      })
      if (due.length === 0) return
      for (const source of due) renewing.add(source)
      void read(due, 'background').finally(() => {
        for (const source of due) renewing.delete(source)
      })
    },
  }
}

function tableOf(
  pages: readonly Reading<readonly QuoteReading[]>[],
  receivedAt: number,
): Reading<QuoteTable> {
  const quotes: Record<MarketSymbol, QuoteReading> = {}
  let missing: Failure | null = null
  let answered = 0
  for (const page of pages) {
    if (!page.ok) {
      missing = page.failure
      continue
    }
    answered += 1
    for (const quote of page.value) quotes[quote.symbol] = quote
  }
  return answered === 0 && missing !== null
    ? { ok: false, failure: missing }
    : reading({ receivedAt, quotes, missing: missing?.reason ?? null })
}
