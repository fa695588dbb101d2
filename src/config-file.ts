/**
 * What the two YAML files may say. Hides zod and YAML: a file comes out typed, or is refused with one line that
 * names file, key, value and cure.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { SOURCES, isSymbol } from './domain/market.ts'
import type { MarketSymbol } from './domain/market.ts'
import { ConfigError } from './environment.ts'

const url = (...schemes: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
  })
const http = url('http:', 'https:')
const ws = url('ws:', 'wss:')
const count = (from: number, to: number) =>
  z.int(`must be a whole number from ${from} to ${to}`).min(from).max(to)
const fraction = z.number().gt(0, 'must be above 0').lt(1, 'must be below 1 (a fraction, not a percentage)')
const IDS = SOURCES.map((id) => id.toLowerCase())
const lowerSource = z.enum(IDS, `must be one of ${IDS.join(', ')}`)
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

export const sourcesFile = z.strictObject({
  symbols,
  hot: z.strictObject({ symbols: symbols.or(z.array(symbol).length(0)) }),
  sources: z.strictObject(Object.fromEntries(IDS.map((id) => [id, source.optional()]))),
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
export const cacheFile = z.strictObject({
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

export type SourcesFile = z.infer<typeof sourcesFile>
export type CacheFile = z.infer<typeof cacheFile>

/** @throws ConfigError */
export function readChecked<T extends z.ZodType>(directory: string, name: string, shape: T): z.infer<T> {
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

/** @throws ConfigError */
export function refuse(file: string, key: string, value: unknown, cure: string): never {
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

function isDistinct(all: readonly unknown[]): boolean {
  return new Set(all).size === all.length
}
