/**
 * What the facade knows about itself, in the contract's words. Reads only what others count; a part that
 * cannot be read is described as such, so that asking never fails.
 */
import type { Config } from '../config.ts'
import type {
  CacheHealth,
  Circuit,
  Health,
  Quota,
  SourceHealth,
  Status,
  StreamHealth,
} from '../domain/answer.ts'
import type { Clock } from '../domain/clock.ts'
import { SOURCES, isVenue } from '../domain/market.ts'
import type { Source, Venue } from '../domain/market.ts'
import type { Store, StoreStatus } from '../store/store.ts'
import type { Transport } from '../wire/http.ts'
import type { Stream } from './feed.ts'
import type { Latency } from './latency.ts'
import type { Snapshots } from './snapshots.ts'
import { streamOf, topic } from './stream.ts'
import type { KnownUniverse } from './universe.ts'
import type { Tally } from './warm/parts.ts'

export interface HealthParts {
  readonly config: Config
  readonly clock: Clock
  readonly store: Store
  readonly snapshots: Snapshots
  readonly universe: KnownUniverse
  readonly transports: Readonly<Partial<Record<Source, Transport>>>
  readonly tally: Tally
  readonly latency: Latency
  readonly streams: {
    streamHealth(venue: Venue): StreamHealth | null
    /** Why a venue's stream is not well; null when it is. */
    streamReason(venue: Venue): string | null
    onHealthChange(listener: () => void): () => void
  }
}

export interface HealthDesk {
  health(): Health
  changes(): Stream<Health>
  close(): void
}

const LOOK_EVERY_MS = 200
/** Told at least once a second. */
const LOOKS_A_SECOND = 5
const CLOSED: Circuit = { state: 'CLOSED', consecutiveFailures: 0, retryAt: null }

export function createHealth(parts: HealthParts): HealthDesk {
  const { config, clock } = parts
  const enabled = SOURCES.filter((source) => config.sources[source].isEnabled)
  let stopLooking: (() => void) | null = null
  let looksSince = 0
  let told = ''

  const health = (): Health => {
    const sources = enabled.map((source) => sourceHealth(source, parts))
    const cache = cacheHealth(parts)
    return {
      status: overall(sources, cache),
      checkedAt: clock.now(),
      isSimulated: config.isSimulated,
      sources,
      cache,
      snapshots: attempt(() => parts.snapshots.health(), {
        isEnabled: config.snapshots.isEnabled,
        retentionHours: config.snapshots.retentionMs / 3_600_000,
        writtenTotal: 0,
        oldest: null,
      }),
      reconciliation: parts.latency.summary(),
    }
  }

  const readers = topic<Health>({
    present: () => [health()],
    readersChanged(count) {
      if (count === 0) {
        stopLooking?.()
        stopLooking = null
      } else {
        stopLooking ??= startLooking()
      }
    },
  })

  const startLooking = (): (() => void) => {
    told = ''
    const stopTimer = clock.every(LOOK_EVERY_MS, look)
    const stopListening = parts.streams.onHealthChange(look)
    return () => {
      stopTimer()
      stopListening()
    }
  }

  const look = (): void => {
    const now = health()
    const statuses = statusesOf(now)
    looksSince += 1
    if (statuses === told && looksSince < LOOKS_A_SECOND) return
    told = statuses
    looksSince = 0
    readers.publish(now)
  }

  return {
    health,
    changes: () => streamOf({ feed: readers, backlog: { kind: 'newest' }, keyOf: () => 'health' }, clock),
    close() {
      stopLooking?.()
      stopLooking = null
      readers.end(null)
    },
  }
}

function sourceHealth(source: Source, parts: HealthParts): SourceHealth {
  const transport = parts.transports[source]
  const circuit = attempt(() => transport?.circuit() ?? CLOSED, CLOSED)
  const quota = attempt(() => wholeQuota(transport?.quota() ?? null), null)
  const stream = isVenue(source) ? attempt(() => parts.streams.streamHealth(source), null) : null
  const troubles = [
    ...circuitTroubles(circuit),
    ...quotaTroubles(quota, parts.clock.now()),
    ...streamTroubles(source, stream, parts),
    ...(parts.universe.isKnown(source) ? [] : ['its markets are not known yet']),
  ]
  const isCut = circuit.state === 'OPEN' && (stream === null || !stream.isConnected)
  const status: Status = isCut ? 'DOWN' : troubles.length > 0 ? 'DEGRADED' : 'OK'
  const reason = troubles.length === 0 ? null : sentence(troubles)
  return { source, status, circuit, quota, stream, reason }
}

const wholeQuota = (quota: Quota | null): Quota | null =>
  quota === null ? null : { remaining: Math.floor(quota.remaining), resetAt: Math.ceil(quota.resetAt) }

function circuitTroubles({ state, consecutiveFailures, retryAt }: Circuit): readonly string[] {
  if (state === 'OPEN') {
    const until = retryAt === null ? '' : `; next trial at ${iso(retryAt)}`
    return [`circuit open after ${consecutiveFailures} failures in a row${until}`]
  }
  if (state === 'HALF_OPEN') return ['circuit half open: trial requests decide']
  if (consecutiveFailures === 0) return []
  return [
    consecutiveFailures === 1 ? 'the last request failed' : `the last ${consecutiveFailures} requests failed`,
  ]
}

function quotaTroubles(quota: Quota | null, now: number): readonly string[] {
  if (quota === null || quota.remaining > 0 || quota.resetAt <= now) return []
  return [`its request budget is spent until ${iso(quota.resetAt)}`]
}

function streamTroubles(source: Source, stream: StreamHealth | null, parts: HealthParts): readonly string[] {
  if (stream === null || !isVenue(source)) return []
  const reason = attempt(() => parts.streams.streamReason(source), null)
  return reason === null ? [] : [reason]
}

function cacheHealth({ config, store, tally }: HealthParts): CacheHealth {
  const unreadable: StoreStatus = {
    driver: config.redis.url === null ? 'MEMORY' : 'REDIS',
    isConnected: false,
    reason: 'unreadable',
    usedBytes: null,
    pending: 0,
    unreadableTotal: 0,
  }
  const { driver, isConnected, reason, usedBytes } = attempt(() => store.status(), unreadable)
  const ttls: Readonly<Record<string, number>> = config.ttlSeconds
  // The newest candles stand until theirs closes; the class has no time of its own but retention.
  const retention = Math.round(config.snapshots.retentionMs / 1000)
  const classes = Object.entries(tally).map(([name, { hits, misses }]) => ({
    name,
    ttlSeconds: ttls[name] ?? retention,
    hitRate: rate(hits, misses),
    hitsTotal: hits,
    missesTotal: misses,
  }))
  const hitsTotal = classes.reduce((total, each) => total + each.hitsTotal, 0)
  const missesTotal = classes.reduce((total, each) => total + each.missesTotal, 0)
  return {
    driver,
    isConnected,
    reason,
    hitRate: rate(hitsTotal, missesTotal),
    hitsTotal,
    missesTotal,
    usedBytes,
    classes,
  }
}

const rate = (hits: number, misses: number): number | null =>
  hits + misses === 0 ? null : hits / (hits + misses)

function overall(sources: readonly SourceHealth[], cache: CacheHealth): Status {
  if (sources.every(({ status }) => status === 'DOWN')) return 'DOWN'
  return cache.isConnected && cache.reason === null && sources.every(({ status }) => status === 'OK')
    ? 'OK'
    : 'DEGRADED'
}

const statusesOf = ({ status, sources, cache }: Health): string =>
  [
    status,
    cache.isConnected,
    cache.reason,
    ...sources.map((each) => `${each.status}${each.circuit.state}`),
  ].join()

function sentence(parts: readonly string[]): string {
  const text = parts.join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

const iso = (at: number): string => new Date(at).toISOString()

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
