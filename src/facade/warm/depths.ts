/** Whole books over REST, for markets nobody streams: kept for a moment, recorded, and never served stale. */
import type { Book, Level } from '../../domain/answer.ts'
import type { CacheStatus, Instant, SnapshotRef } from '../../domain/attribution.ts'
import { compare, isZero } from '../../domain/decimal.ts'
import type { BookSnapshotEvent, LevelChange } from '../../domain/event.ts'
import type { Listing, MarketSymbol, Venue } from '../../domain/market.ts'
import { bookText } from '../../domain/text.ts'
import type { Entry } from '../../store/store.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, Reading } from '../../wire/request.ts'
import { levelsOf, recordOf, sidesOf } from './book-record.ts'
import { createDemand } from './demand.ts'
import type { Demand } from './demand.ts'
import type { WarmParts } from './parts.ts'

export interface Depths {
  /** The whole book of each market, as a warm answer. */
  read(markets: readonly Market[], signal?: AbortSignal): Promise<readonly Reading<Book>[]>
}

export interface Market {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly listing: Listing
}

interface DepthData {
  /** Best first. */
  readonly bids: readonly LevelChange[]
  readonly asks: readonly LevelChange[]
  readonly sequence: string | null
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly snapshot: SnapshotRef | null
}

/** Requests of one batch that may be under way at a venue together. */
const AT_A_TIME = 8

export function createDepths(parts: WarmParts): Depths {
  const { config, clock, cached, snapshots, tally } = parts
  const ttlSeconds = config.ttlSeconds.depth_spread
  const views = new WeakMap<Entry<DepthData>, Map<CacheStatus, Book>>()
  const lanes = new Map<Venue, Lane>()
  const demands = new Map<Venue, Demand>()

  const demandAt = (venue: Venue): Demand => {
    const { unitsPerMinute } = parts.venues[venue].budget
    const { requestsPerMinute = unitsPerMinute } = config.sources[venue]
    const demand = demands.get(venue) ?? createDemand(Math.min(unitsPerMinute, requestsPerMinute), clock)
    demands.set(venue, demand)
    return demand
  }

  /** Many books asked for often would spend the venue's whole budget: then each stands a little longer. */
  const ttlOf = ({ venue, listing }: Market): number => {
    const { weight } = parts.venues[venue].depth(listing)
    return Math.max(ttlSeconds * 1000, demandAt(venue).everyMs(weight))
  }

  const fetchDepth = async (
    { symbol, venue, listing }: Market,
    signal: AbortSignal,
  ): Promise<Reading<DepthData>> => {
    const transport = parts.transports[venue]
    if (transport === undefined) return unreadable('UNAVAILABLE', `${venue} is switched off`)
    const lane = lanes.get(venue) ?? createLane(AT_A_TIME)
    lanes.set(venue, lane)
    const answer = await lane(() => transport.send(parts.venues[venue].depth(listing), { signal }))
    if (!answer.ok) return answer
    const receivedAt = clock.now()
    const event: BookSnapshotEvent = answer.value
    const sides = {
      bids: inOrder(event.bids, -1),
      asks: inOrder(event.asks, 1),
      sequence: event.sequence === null ? null : String(event.sequence),
      observedAt: event.observedAt ?? receivedAt,
    }
    const whole = { ...sides, symbol, venue, bids: levelsOf(sides.bids), asks: levelsOf(sides.asks) }
    const [ref] = snapshots.record([recordOf(whole, { tier: 'WARM', receivedAt })])
    return reading({ ...sides, receivedAt, snapshot: ref ?? null })
  }

  const viewOf = ({ symbol, venue }: Market, entry: Entry<DepthData>, status: CacheStatus): Book => {
    const known = views.get(entry) ?? new Map<CacheStatus, Book>()
    views.set(entry, known)
    const view = known.get(status)
    if (view !== undefined) return view
    const { sequence, observedAt, receivedAt, snapshot } = entry.data
    const { cachedAt, expiresAt } = entry
    const bids: readonly Level[] = levelsOf(entry.data.bids)
    const asks: readonly Level[] = levelsOf(entry.data.asks)
    const made: Book = {
      symbol,
      venue,
      state: 'LIVE',
      ...sidesOf(bids, asks),
      sequence,
      observedAt,
      attribution: {
        authority: 'EXCHANGE_NATIVE',
        sources: [venue],
        confidence: 1,
        tier: 'WARM',
        text: bookText({ venue, state: 'LIVE' }),
        observedAt,
        receivedAt,
        cache: { status, cachedAt, expiresAt, ttlSeconds: Math.round((expiresAt - cachedAt) / 1000) },
        snapshot,
      },
    }
    known.set(status, made)
    return made
  }

  return {
    async read(markets, asker) {
      for (const [venue, wanted] of Map.groupBy(markets, (market) => market.venue)) {
        demandAt(venue).note(wanted.map(({ symbol }) => symbol))
      }
      const got = await cached.read(
        markets.map((market) => ({
          key: `depth:${market.venue}:${market.symbol}`,
          ttlMs: () => ttlOf(market),
          staleMs: 0,
          fetch: (signal) => fetchDepth(market, signal),
        })),
        asker,
      )
      return got.map((answer, index): Reading<Book> => {
        if (answer.ok && answer.status === 'HIT') tally.depth_spread.hits += 1
        else tally.depth_spread.misses += 1
        if (!answer.ok) return { ok: false, failure: answer.failure satisfies Failure }
        return reading(viewOf(markets[index] as Market, answer.entry, answer.status))
      })
    },
  }
}

function inOrder(levels: readonly LevelChange[], direction: 1 | -1): readonly LevelChange[] {
  return levels
    .filter(([, size]) => !isZero(size))
    .toSorted(([a], [b]) => (Number(a) - Number(b) || compare(a, b)) * direction)
}

type Lane = <T>(work: () => Promise<T>) => Promise<T>

/** Lets `width` through at a time, the others in order of arrival. */
function createLane(width: number): Lane {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
