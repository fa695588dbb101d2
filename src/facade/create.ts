/**
 * The house of the facade put together: streams and answers over one universe, one store and one record, with
 * the few timers that keep them going. Nothing here waits for the network.
 */
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import { SOURCES } from '../domain/market.ts'
import type { Aggregator, Source, Venue } from '../domain/market.ts'
import type { AggregatorSource, Endpoints, VenueSource } from '../sources/source.ts'
import { presentOnly } from '../store/present.ts'
import type { Store } from '../store/store.ts'
import { createTransport } from '../wire/http.ts'
import type { Transport } from '../wire/http.ts'
import { unreadable } from '../wire/request.ts'
import type { Facade } from './facade.ts'
import { createHealth } from './health.ts'
import { createHot } from './hot.ts'
import type { HotTier } from './hot.ts'
import type { Logger } from './hot/logger.ts'
import { createLatency } from './latency.ts'
import { createSnapshots } from './snapshots.ts'
import { createUniverse } from './universe.ts'
import { createCached } from './warm/cached.ts'
import { newTally } from './warm/parts.ts'
import type { HotView } from './warm/parts.ts'
import { createWarm } from './warm/warm.ts'

export interface FacadeParts {
  readonly config: Config
  readonly clock: Clock
  readonly store: Store
  readonly venues: Readonly<Record<Venue, VenueSource>>
  readonly aggregators: Readonly<Record<Aggregator, AggregatorSource>>
  /** Of enabled sources; see `createTransports`. */
  readonly transports: Readonly<Partial<Record<Source, Transport>>>
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
}

export interface RunningFacade extends Facade {
  readonly hot: HotTier
  /** Opens streams and fetches what the venues list; returns at once. */
  start(): void
  /** Resolves once each source's list has been answered or refused for the first time. */
  settled(): Promise<void>
  /** Ends streams and timers and writes what is still to be recorded. The store and transports are the caller's. */
  stop(): Promise<void>
}

export function createFacade(given: FacadeParts): RunningFacade {
  const { config, clock, transports } = given
  const store = presentOnly(given.store, clock)
  const parts = { ...given, store }
  const latency = createLatency(clock)
  const tally = newTally()
  const cached = createCached({ store, clock })
  const snapshots = createSnapshots({ store, clock, ...config.snapshots })
  const universe = createUniverse({ ...parts, cached })
  let hot: HotTier | null = null
  // The two tiers look at each other: prices are made from mids, and streams of prices from prices.
  const view = viewOf(() => hot)
  const warm = createWarm({ ...parts, cached, snapshots, universe, hot: view, tally, latency })
  const tier = createHot({
    venues: streamedVenues(parts),
    endpoints: (venue) => endpointsOf(config, venue, parts.venues[venue].defaults),
    universe,
    transport: (venue) => transports[venue] ?? SWITCHED_OFF,
    clock,
    random: parts.random,
    hotSymbols: universe.streamed,
    logger: parts.logger,
    reconcilePrice: warm.livePrice,
  })
  hot = tier
  const desk = createHealth({
    ...parts,
    snapshots,
    universe,
    tally,
    latency,
    streams: tier,
  })
  const stops: (() => void)[] = []

  return {
    universe,
    warm,
    hot: tier,
    snapshot: (id) => snapshots.read(id),
    health: desk.health,
    healthChanges: desk.changes,
    noteServed: (venue, receivedAt) => tier.noteServed(venue, receivedAt),
    start() {
      universe.start()
      tier.start()
      if (config.snapshots.isEnabled) {
        stops.push(clock.every(config.ttlSeconds.depth_spread * 1000, warm.recordHot))
      }
    },
    settled: () => universe.settled(SOURCES.filter((source) => transports[source] !== undefined)),
    async stop() {
      for (const stop of stops) stop()
      universe.stop()
      desk.close()
      tier.stop()
      await snapshots.close()
    },
  }
}

function viewOf(tier: () => HotTier | null): HotView {
  return {
    mids: (symbol) => tier()?.mids(symbol) ?? [],
    liveBook(symbol, venue, depth) {
      const hot = tier()
      const isLive = hot?.mids(symbol).some((mid) => mid.venue === venue && mid.state === 'LIVE')
      // The tier takes asking as wanting; a question answered once must not open a stream.
      return hot !== null && isLive === true ? hot.liveBook(symbol, venue, depth) : null
    },
    hotBooks: () => tier()?.bookSnapshots() ?? [],
  }
}

const streamedVenues = ({ config, venues }: FacadeParts): readonly VenueSource[] =>
  config.authority.microstructure.filter((id) => config.sources[id].isEnabled).map((id) => venues[id])

const SWITCHED_OFF: Pick<Transport, 'send'> = {
  send: async () => unreadable('UNAVAILABLE', 'switched off'),
}

/** One transport for each enabled source, at its configured or shipped address, within the narrower budget. */
export function createTransports(
  parts: Pick<FacadeParts, 'config' | 'clock' | 'venues' | 'aggregators'>,
): Readonly<Partial<Record<Source, Transport>>> {
  const all: Readonly<Record<Source, VenueSource | AggregatorSource>> = {
    ...parts.venues,
    ...parts.aggregators,
  }
  const transports: Partial<Record<Source, Transport>> = {}
  for (const source of SOURCES) {
    const { isEnabled, requestsPerMinute } = parts.config.sources[source]
    if (!isEnabled) continue
    const { budget } = all[source]
    transports[source] = createTransport({
      source,
      endpoints: endpointsOf(parts.config, source, all[source].defaults),
      clock: parts.clock,
      budget:
        requestsPerMinute === undefined
          ? budget
          : { ...budget, unitsPerMinute: Math.min(budget.unitsPerMinute, requestsPerMinute) },
      circuit: parts.config.circuitBreaker,
    })
  }
  return transports
}

export function endpointsOf(config: Config, source: Source, defaults: Endpoints): Endpoints {
  const { rest_url, futures_rest_url, ws_url, business_ws_url } = config.sources[source]
  return {
    ...defaults,
    ...(rest_url === undefined ? {} : { rest_url }),
    ...(futures_rest_url === undefined ? {} : { futures_rest_url }),
    ...(ws_url === undefined ? {} : { ws_url }),
    ...(business_ws_url === undefined ? {} : { business_ws_url }),
  }
}
