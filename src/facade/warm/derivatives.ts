/**
 * What one venue says about its perpetuals, whatever the kind: its own words, never averaged. One refresh asks
 * the venue for all perpetuals of our symbols, so a hundred markets cost what one costs.
 */
import type { TtlClass } from '../../config.ts'
import type { Attribution, CacheEntry, SnapshotRef } from '../../domain/attribution.ts'
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { DerivativesVenue, MarketSymbol, Perpetual } from '../../domain/market.ts'
import type { DerivativesSource, FundingReading, OpenInterestReading } from '../../sources/source.ts'
import type { Entry } from '../../store/store.ts'
import type { Transport } from '../../wire/http.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Reading } from '../../wire/request.ts'
import type { AtDerivativesVenue } from '../facade.ts'
import type { Recorded } from '../snapshots.ts'
import type { Got } from './cached.ts'
import { unavailable } from './decided.ts'
import type { WarmParts } from './parts.ts'
import { createPast } from './past.ts'
import { SOFT_TIMEOUT_MS } from './slots.ts'
import { STALE_FACTOR } from './tables.ts'

export interface Derivatives<V> {
  present(requests: readonly AtDerivativesVenue[], signal?: AbortSignal): Promise<readonly Outcome<V>[]>
  past(requests: readonly (AtDerivativesVenue & { readonly asOf: number })[]): Promise<readonly Outcome<V>[]>
}

interface RowTable<R> {
  readonly receivedAt: number
  readonly rows: Readonly<Record<string, R>>
  readonly snapshots: Readonly<Record<MarketSymbol, SnapshotRef>>
}

type Row = FundingReading | OpenInterestReading

/** A venue that can be asked, and what it should be asked about. */
export interface Desk {
  readonly venue: DerivativesVenue
  readonly source: DerivativesSource
  readonly perpetuals: readonly Perpetual[]
  readonly transport: Transport
}

export interface Kind<R extends Row, V> {
  readonly name: 'funding' | 'openInterest'
  /** In a sentence. */
  readonly noun: string
  readonly ttlClass: TtlClass
  readonly fetch: (desk: Desk, signal: AbortSignal) => Promise<Reading<readonly R[]>>
  readonly view: (
    row: R,
    venue: DerivativesVenue,
    symbol: MarketSymbol,
    attribution: Omit<Attribution, 'text'>,
  ) => V
}

export function createDerivatives<R extends Row, V>(parts: WarmParts, kind: Kind<R, V>): Derivatives<V> {
  const { config, clock, cached, universe, snapshots } = parts
  const ttlSeconds = config.ttlSeconds[kind.ttlClass]
  const tally = parts.tally[kind.ttlClass]
  const views = new WeakMap<Entry<RowTable<R>>, Map<string, Outcome<V>>>()
  const subjectOf = (symbol: MarketSymbol, venue: DerivativesVenue) => `${kind.name}:${symbol}:${venue}`

  const fetchTable = async (venue: DerivativesVenue, signal: AbortSignal): Promise<Reading<RowTable<R>>> => {
    const transport = parts.transports[venue]
    const source = parts.venues[venue].derivatives
    if (transport === undefined || source === undefined)
      return unreadable('UNAVAILABLE', `${venue} is switched off`)
    const perpetuals = universe.perpetuals(venue)
    const got = await kind.fetch({ venue, source, perpetuals, transport }, signal)
    return got.ok ? reading(tableOf(venue, got.value)) : got
  }

  const tableOf = (venue: DerivativesVenue, found: readonly R[]): RowTable<R> => {
    const receivedAt = clock.now()
    const rows = Object.fromEntries(found.map((row) => [row.instrument, row]))
    const spoken = config.symbols.flatMap((symbol) => {
      const row = rows[universe.perpetualAt(symbol, venue)?.instrument ?? '']
      return row === undefined ? [] : [{ symbol, row }]
    })
    const refs = snapshots.record(
      spoken.map(({ symbol, row }) => {
        const inputs = { venue, receivedAt }
        return { kind: kind.name, symbol, subject: subjectOf(symbol, venue), inputs, answer: row }
      }),
    )
    const kept = spoken.flatMap(({ symbol }, index) => {
      const ref = refs[index]
      return ref === null || ref === undefined ? [] : [[symbol, ref] as const]
    })
    return { receivedAt, rows, snapshots: Object.fromEntries(kept) }
  }

  const attributed = (
    row: R,
    venue: DerivativesVenue,
    facts: { receivedAt: number; cache: CacheEntry | null; snapshot: SnapshotRef | null },
  ): Omit<Attribution, 'text'> => ({
    authority: 'EXCHANGE_NATIVE',
    sources: [venue],
    confidence: 1,
    tier: 'WARM',
    observedAt: row.observedAt,
    ...facts,
  })

  const viewOf = (symbol: MarketSymbol, venue: DerivativesVenue, got: Got<RowTable<R>>): Outcome<V> => {
    const what = `${kind.noun} of ${symbol} at ${SOURCE_NAMES[venue]}`
    if (!got.ok) return unavailable(`${what}.`, [got.failure], clock.now())
    const { entry, status } = got
    const known = views.get(entry) ?? new Map<string, Outcome<V>>()
    views.set(entry, known)
    const name = `${symbol}:${status}`
    const view = known.get(name)
    if (view !== undefined) return view
    const row = entry.data.rows[universe.perpetualAt(symbol, venue)?.instrument ?? '']
    if (row === undefined) return unavailable(`${what}: left out of its reply.`, [], clock.now())
    const { cachedAt, expiresAt } = entry
    const snapshot = entry.data.snapshots[symbol] ?? null
    const cache = { status, cachedAt, expiresAt, ttlSeconds }
    const attribution = attributed(row, venue, { receivedAt: entry.data.receivedAt, cache, snapshot })
    const made = answered(kind.view(row, venue, symbol, attribution))
    known.set(name, made)
    return made
  }

  const records = createPast(snapshots, ({ ref, record }: Recorded): V => {
    const { venue, receivedAt } = record.inputs as { venue: DerivativesVenue; receivedAt: number }
    const row = record.answer as R
    const attribution = attributed(row, venue, { receivedAt, cache: null, snapshot: ref })
    return kind.view(row, venue, record.symbol, attribution)
  })

  return {
    async present(requests, asker) {
      const venues = [...new Set(requests.map(({ venue }) => venue))]
      const unknown = venues.filter((venue) => !universe.arePerpetualsKnown(venue))
      if (unknown.length > 0) await universe.settled(unknown)
      const listed = venues.filter((venue) => universe.arePerpetualsKnown(venue))
      const asked = listed.filter((venue) =>
        requests.some((each) => each.venue === venue && universe.perpetualAt(each.symbol, venue) !== null),
      )
      const got = await cached.read(
        asked.map((venue) => ({
          key: `${kind.name}:${venue}`,
          ttlMs: ttlSeconds * 1000,
          staleMs: ttlSeconds * 1000 * (STALE_FACTOR - 1),
          softMs: SOFT_TIMEOUT_MS,
          fetch: (signal) => fetchTable(venue, signal),
        })),
        asker,
      )
      return requests.map(({ symbol, venue }) => {
        if (!listed.includes(venue)) {
          return unavailable(
            `${symbol} at ${SOURCE_NAMES[venue]}: its perpetuals are not known yet.`,
            [],
            clock.now(),
          )
        }
        if (universe.perpetualAt(symbol, venue) === null) {
          return refused('NOT_LISTED', `${SOURCE_NAMES[venue]} has no perpetual of ${symbol}.`)
        }
        const answer = got[asked.indexOf(venue)] as Got<RowTable<R>>
        if (answer.ok && answer.status === 'HIT') tally.hits += 1
        else tally.misses += 1
        return viewOf(symbol, venue, answer)
      })
    },
    past: (requests) =>
      records.read(
        requests.map(({ symbol, venue, asOf }) => ({ subject: subjectOf(symbol, venue), at: asOf })),
      ),
  }
}
