/**
 * YAML files and environment in, one typed frozen value out. A bad value is refused with one line that
 * names file, key, value and cure. Nothing past this file reads YAML or the environment.
 */
import { join } from 'node:path'
import { cacheFile, readChecked, refuse, sourcesFile } from './config-file.ts'
import type { CacheFile, SourcesFile } from './config-file.ts'
import { DERIVATIVES_VENUES, SOURCES, VENUES } from './domain/market.ts'
import type { DataKind, DerivativesVenue, MarketSymbol, Source, Venue } from './domain/market.ts'
import { readEnvironment } from './environment.ts'
import type { Environment, Settings } from './environment.ts'

export { ConfigError } from './environment.ts'

const CACHE_FILE = 'cache.yaml'
const SOURCES_FILE = 'data_sources.yaml'

export type TtlClass = keyof CacheFile['ttls']

export interface SourceConfig {
  readonly isEnabled: boolean
  readonly rest_url?: string
  readonly futures_rest_url?: string
  readonly ws_url?: string
  readonly business_ws_url?: string
  readonly requestsPerMinute?: number
  readonly coins?: Readonly<Record<string, string>>
}

export interface Config {
  readonly symbols: readonly MarketSymbol[]
  readonly hotSymbols: readonly MarketSymbol[]
  readonly sources: Readonly<Record<Source, SourceConfig>>
  readonly authority: {
    readonly microstructure: readonly Venue[]
    readonly pricePrimary: readonly Source[]
    readonly priceFallback: readonly Source[]
    readonly derivatives: readonly DerivativesVenue[]
  }
  readonly reconciliation: {
    readonly method: 'TRIMMED_MEDIAN' | 'TRIMMED_MEAN'
    readonly maxDeviation: number
    readonly maxVolumeDeviation: number
    readonly minSources: number
    readonly confidenceThreshold: number
    readonly trimPercent: number
    /** Quotes that may stand in for another, after conversion: `{ USD: ["USDT", "USDC"] }`. */
    readonly quoteProxies: Readonly<Record<string, readonly string[]>>
  }
  readonly circuitBreaker: {
    readonly failureThreshold: number
    readonly recoveryTimeoutMs: number
    readonly halfOpenRequests: number
  }
  readonly redis: {
    readonly url: string | null
    readonly prefix: string
    readonly poolSize: number
    readonly maxRetries: number
  }
  readonly ttlSeconds: Readonly<Record<TtlClass, number>>
  readonly snapshots: { readonly isEnabled: boolean; readonly retentionMs: number }
  readonly coingeckoApiKey: string | null
  readonly port: number
  readonly host: string
  readonly logLevel: string
  readonly isSimulated: boolean
}

/** What `config/` and the environment came to; `settings` is the environment's own part, for the server. */
export interface LoadedConfig extends Config {
  readonly settings: Settings
}

/** @throws ConfigError with one line naming file, key, value and cure. */
export function loadConfig(environment: Environment): LoadedConfig {
  const settings = readEnvironment(environment)
  const { configDirectory: directory } = settings
  const cache = readChecked(directory, CACHE_FILE, cacheFile)
  const sources = readChecked(directory, SOURCES_FILE, sourcesFile)
  return deepFreeze({
    ...fromSources(sources, join(directory, SOURCES_FILE)),
    ...fromCache(cache, settings),
    ...fromSettings(settings),
  })
}

function fromSources(file: SourcesFile, path: string) {
  checkAuthority(file, path)
  for (const [index, hot] of file.hot.symbols.entries()) {
    if (!file.symbols.includes(hot)) refuse(path, `hot.symbols[${index}]`, hot, 'add it to `symbols` too')
  }
  const { reconciliation: rules, circuit_breaker: breaker, authority } = file
  return {
    symbols: file.symbols,
    hotSymbols: file.hot.symbols,
    sources: Object.fromEntries(
      SOURCES.map((id) => [id, sourceConfig(file.sources[id.toLowerCase()])]),
    ) as Record<Source, SourceConfig>,
    authority: {
      microstructure: without(
        authority.microstructure.allowed_sources,
        authority.microstructure.banned_sources,
      ).map(upper) as Venue[],
      pricePrimary: authority.price_volume.primary.map(upper),
      priceFallback: authority.price_volume.fallback.map(upper),
      derivatives: authority.derivatives.allowed_sources.map(upper) as DerivativesVenue[],
    },
    reconciliation: {
      method:
        authority.price_volume.reconciliation_method === 'trimmed_mean' ? 'TRIMMED_MEAN' : 'TRIMMED_MEDIAN',
      maxDeviation: rules.max_deviation,
      maxVolumeDeviation: rules.max_volume_deviation,
      minSources: rules.min_sources,
      confidenceThreshold: rules.confidence_threshold,
      trimPercent: rules.trim_percent,
      quoteProxies: rules.quote_proxies,
    } as const,
    circuitBreaker: {
      failureThreshold: breaker.failure_threshold,
      recoveryTimeoutMs: breaker.recovery_timeout_seconds * 1000,
      halfOpenRequests: breaker.half_open_requests,
    },
  }
}

/** Configuration may narrow who speaks for what, never widen it. */
function checkAuthority({ authority }: SourcesFile, path: string): void {
  const mayNot = (key: string, named: readonly string[], allowed: readonly string[], kind: DataKind) => {
    for (const id of named) {
      if (!allowed.includes(id)) {
        refuse(path, key, id, `${id} cannot speak for ${kind}; remove it (possible: ${allowed.join(', ')})`)
      }
    }
  }
  mayNot(
    'authority.microstructure.allowed_sources',
    authority.microstructure.allowed_sources,
    lower(VENUES),
    'microstructure',
  )
  mayNot(
    'authority.derivatives.allowed_sources',
    authority.derivatives.allowed_sources,
    lower(DERIVATIVES_VENUES),
    'derivatives',
  )
  for (const id of authority.microstructure.allowed_sources) {
    if (authority.microstructure.banned_sources.includes(id)) {
      refuse(
        path,
        'authority.microstructure.banned_sources',
        id,
        'it is in allowed_sources too; remove it from one of them',
      )
    }
  }
  for (const id of authority.price_volume.primary) {
    if (authority.price_volume.fallback.includes(id)) {
      refuse(path, 'authority.price_volume.fallback', id, 'it is in primary too; remove it from one of them')
    }
  }
}

function sourceConfig(file: SourcesFile['sources'][string]): SourceConfig {
  if (file === undefined) return { isEnabled: true }
  const { enabled, requests_per_minute: requestsPerMinute, ...urls } = file
  return {
    isEnabled: enabled,
    ...withoutUndefined(urls),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  }
}

function fromCache(file: CacheFile, { redisUrl }: Settings) {
  return {
    redis: {
      url: redisUrl,
      prefix: file.redis.prefix,
      poolSize: file.redis.pool_size,
      maxRetries: file.redis.max_retries,
    },
    ttlSeconds: file.ttls,
    snapshots: {
      isEnabled: file.pit_snapshots.enabled,
      retentionMs: file.pit_snapshots.retention_hours * 3_600_000,
    },
  }
}

function fromSettings(settings: Settings) {
  const { port, host, logLevel, coingeckoApiKey, isSimulated } = settings
  return { port, host, logLevel, coingeckoApiKey, isSimulated, settings }
}

function lower(sources: readonly Source[]): readonly string[] {
  return sources.map((id) => id.toLowerCase())
}

const upper = (id: string): Source => id.toUpperCase() as Source

const without = (all: readonly string[], banned: readonly string[]) =>
  all.filter((id) => !banned.includes(id))

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const entry of Object.values(value)) deepFreeze(entry)
  }
  return value
}
