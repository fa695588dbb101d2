/**
 * YAML files and environment in, one typed frozen value out. A bad value is refused with one line that
 * names file, key, value and cure. Nothing past this file reads YAML or the environment.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { DERIVATIVES_VENUES, SOURCES, VENUES, isSymbol } from './domain/market.ts'
import type { DataKind, DerivativesVenue, MarketSymbol, Source, Venue } from './domain/market.ts'

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const CACHE_FILE = 'cache.yaml'
const SOURCES_FILE = 'data_sources.yaml'

const url = (...schemes: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
  })
const http = url('http:', 'https:')
const ws = url('ws:', 'wss:')
const count = (from: number, to: number) =>
  z.int(`must be a whole number from ${from} to ${to}`).min(from).max(to)
const fraction = z.number().gt(0, 'must be above 0').lt(1, 'must be below 1 (a fraction, not a percentage)')
const lowerSource = z.enum(lower(SOURCES), `must be one of ${lower(SOURCES).join(', ')}`)
const symbol = z
  .string()
  .refine(isSymbol, 'must be BASE-QUOTE in upper case, like BTC-USD')
  .transform((text): MarketSymbol => text)
const symbols = z
  .array(symbol)
  .min(1, 'must name at least one symbol')
  .refine(isDistinct, 'must not name a symbol twice')

const source = z.strictObject({
  enabled: z.boolean().default(true),
  rest_url: http.optional(),
  futures_rest_url: http.optional(),
  ws_url: ws.optional(),
  business_ws_url: ws.optional(),
  requests_per_minute: count(1, 100_000).optional(),
  /** Aggregators: further coin ids by base, over the shipped table. */
  coins: z.record(z.string(), z.string()).optional(),
})

const sourcesFile = z.strictObject({
  symbols,
  hot: z.strictObject({ symbols: symbols.or(z.array(symbol).length(0)) }),
  sources: z.strictObject(Object.fromEntries(lower(SOURCES).map((id) => [id, source.optional()]))),
  authority: z.strictObject({
    microstructure: z.strictObject({
      allowed_sources: z.array(lowerSource),
      banned_sources: z.array(lowerSource).default([]),
    }),
    price_volume: z.strictObject({
      primary: z.array(lowerSource),
      fallback: z.array(lowerSource),
      reconciliation_method: z.enum(
        ['trimmed_median', 'trimmed_mean'],
        'must be trimmed_median or trimmed_mean',
      ),
    }),
    derivatives: z.strictObject({ allowed_sources: z.array(lowerSource) }),
  }),
  reconciliation: z.strictObject({
    max_deviation: fraction,
    max_volume_deviation: fraction,
    min_sources: count(1, 6),
    confidence_threshold: z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1'),
    trim_percent: z.number().min(0, 'must be from 0 to below 0.5').lt(0.5, 'must be from 0 to below 0.5'),
    quote_proxies: z.record(z.string(), z.array(z.string())),
  }),
  circuit_breaker: z.strictObject({
    failure_threshold: count(1, 100),
    recovery_timeout_seconds: z.number().gt(0, 'must be above 0').max(3600, 'must be at most 3600'),
    half_open_requests: count(1, 20),
  }),
})

const seconds = count(1, 86_400)
const cacheFile = z.strictObject({
  redis: z.strictObject({
    prefix: z.string().min(1, 'must not be empty'),
    pool_size: count(1, 100),
    max_retries: count(0, 20),
  }),
  ttls: z.strictObject({
    prices_hot: seconds,
    prices_warm: seconds,
    volumes_vadr: seconds,
    depth_spread: seconds,
    trades: seconds,
    funding_rates: seconds,
    open_interest: seconds,
  }),
  pit_snapshots: z.strictObject({
    enabled: z.boolean(),
    retention_hours: z
      .number()
      .gt(0, 'must be above 0')
      .max(24 * 366, 'must be at most a year'),
  }),
})

export type TtlClass = keyof z.infer<typeof cacheFile>['ttls']

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

export type Environment = Readonly<Record<string, string | undefined>>

/** @throws ConfigError with one line naming file, key, value and cure. */
export function loadConfig(environment: Environment): Config {
  const directory = environment['CONFIG_DIR'] || 'config'
  const cache = readChecked(directory, CACHE_FILE, cacheFile)
  const sources = readChecked(directory, SOURCES_FILE, sourcesFile)
  return deepFreeze({
    ...fromSources(sources, join(directory, SOURCES_FILE)),
    ...fromCache(cache, environment),
    ...fromEnvironment(environment),
  })
}

function fromSources(file: z.infer<typeof sourcesFile>, path: string) {
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
function checkAuthority({ authority }: z.infer<typeof sourcesFile>, path: string): void {
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

function sourceConfig(file: z.infer<typeof source> | undefined): SourceConfig {
  if (file === undefined) return { isEnabled: true }
  const { enabled, requests_per_minute: requestsPerMinute, ...urls } = file
  return {
    isEnabled: enabled,
    ...withoutUndefined(urls),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  }
}

function fromCache(file: z.infer<typeof cacheFile>, environment: Environment) {
  const redisUrl = environment['REDIS_URL'] || null
  if (redisUrl !== null && !/^(rediss?|redis\+cluster|rediss\+cluster|redis\+sentinel):\/\//.test(redisUrl)) {
    refuse(
      'environment',
      'REDIS_URL',
      redisUrl,
      'use redis://, rediss://, redis+cluster:// or redis+sentinel://',
    )
  }
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

function fromEnvironment(environment: Environment) {
  const port = Number(environment['PORT'] || '4000')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse('environment', 'PORT', environment['PORT'], 'use a whole number from 0 to 65535')
  }
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
  const logLevel = environment['LOG_LEVEL'] || 'info'
  if (!levels.includes(logLevel))
    refuse('environment', 'LOG_LEVEL', logLevel, `use one of ${levels.join(', ')}`)
  return {
    port,
    host: environment['HOST'] || '127.0.0.1',
    logLevel,
    coingeckoApiKey: environment['COINGECKO_API_KEY'] || null,
    isSimulated: environment['FACADE_SIMULATED'] === '1',
  }
}

function readChecked<T extends z.ZodType>(directory: string, name: string, shape: T): z.infer<T> {
  const path = join(directory, name)
  if (!existsSync(path))
    refuse(path, '(file)', 'missing', 'create it, or point CONFIG_DIR at the folder that holds it')
  let value: unknown
  try {
    value = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? (cause.message.split('\n')[0] ?? '') : String(cause)
    refuse(path, '(file)', 'unreadable', line.replace(/:$/, ''))
  }
  const checked = shape.safeParse(value)
  if (checked.success) return checked.data
  const issue = checked.error.issues[0]
  const keys = [
    ...(issue?.path ?? []),
    ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []),
  ]
  const cure =
    issue?.code === 'unrecognized_keys'
      ? 'unknown key; remove it or correct its name'
      : (issue?.message ?? 'invalid')
  return refuse(path, spell(keys), valueAt(value, keys), cure)
}

function refuse(file: string, key: string, value: unknown, cure: string): never {
  const shown = (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing'))
    .replaceAll('\n', ' ')
    .slice(0, 80)
  throw new ConfigError(`${file}: ${key || '(top level)'} = ${shown}: ${cure.replaceAll('\n', ' ')}`)
}

const spell = (keys: readonly PropertyKey[]): string =>
  keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')

function valueAt(value: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  )
}

function lower(sources: readonly Source[]): readonly string[] {
  return sources.map((id) => id.toLowerCase())
}

const upper = (id: string): Source => id.toUpperCase() as Source

const without = (all: readonly string[], banned: readonly string[]) =>
  all.filter((id) => !banned.includes(id))

function isDistinct(all: readonly unknown[]): boolean {
  return new Set(all).size === all.length
}

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
