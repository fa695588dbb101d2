/** R44: what an operator can get wrong. Each time one line that names file, key, value and cure, and no start. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../src/config.ts'
import { SOURCES } from '../src/domain/market.ts'

const directory = mkdtempSync(join(tmpdir(), 'config-'))
const CACHE = 'cache.yaml'
const SOURCES_YAML = 'data_sources.yaml'
beforeEach(() => {
  for (const name of [CACHE, SOURCES_YAML]) copyFileSync(join('config', name), join(directory, name))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** The one line, after this text of the shipped file became that one. */
function lineAfter(file: string, from: string | RegExp, to: string): string {
  const path = join(directory, file)
  const text = readFileSync(path, 'utf8')
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${file} does not hold ${from}`)
  writeFileSync(path, changed)
  return refusalOf({})
}

function refusalOf(environment: Readonly<Record<string, string>>): string {
  try {
    loadConfig({ CONFIG_DIR: directory, ...environment })
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('was accepted')
}

/** File, what to replace, by what, then the key and the value the line must name, and a word of its cure. */
const BAD: readonly (readonly [string, string | RegExp, string, string, string, string])[] = [
  [CACHE, 'pool_size: 10', 'pool_size: 0', 'redis.pool_size', '0', '1'],
  [CACHE, 'pool_size: 10', 'pool_size: 1000', 'redis.pool_size', '1000', '100'],
  [CACHE, 'pool_size: 10', 'pool_size: ten', 'redis.pool_size', 'ten', 'whole number'],
  [CACHE, 'pool_size: 10', 'pool_size: 2.5', 'redis.pool_size', '2.5', 'whole number'],
  [CACHE, 'max_retries: 3', 'max_retries: -1', 'redis.max_retries', '-1', '0'],
  [CACHE, 'prefix: "cryptorun:"', 'prefix: ""', 'redis.prefix', '', 'empty'],
  [CACHE, 'prefix: "cryptorun:"', 'prefix: 7', 'redis.prefix', '7', 'string'],
  [CACHE, 'prices_hot: 5', 'prices_hot: 0', 'ttls.prices_hot', '0', '1'],
  [CACHE, 'prices_warm: 30', 'prices_warm: "30"', 'ttls.prices_warm', '30', 'whole number'],
  [CACHE, 'volumes_vadr: 120', 'volumes_vadr: 100000', 'ttls.volumes_vadr', '100000', '86400'],
  [CACHE, 'depth_spread: 15', 'depth_spread: 1.5', 'ttls.depth_spread', '1.5', 'whole number'],
  [CACHE, 'trades: 10', 'trades: null', 'ttls.trades', 'null', 'whole number'],
  [CACHE, 'funding_rates: 300', 'funding_rate: 300', 'ttls.funding_rates', 'missing', 'whole number'],
  [CACHE, 'open_interest: 300', 'open_interest: 300\n  klines: 60', 'ttls.klines', '60', 'unknown key'],
  [CACHE, 'enabled: true', 'enabled: "yes"', 'pit_snapshots.enabled', 'yes', 'boolean'],
  [CACHE, 'retention_hours: 24', 'retention_hours: 0', 'pit_snapshots.retention_hours', '0', 'above 0'],
  [CACHE, 'retention_hours: 24', 'retention_hours: 10000', 'pit_snapshots.retention_hours', '10000', 'year'],
  [CACHE, /^redis:$/m, 'redis: [', '(file)', 'unreadable', 'line'],
  [CACHE, /^ttls:$/m, 'tls:', 'ttls', 'missing', 'object'],
  [CACHE, /^[\s\S]*$/, '', '(top level)', 'null', 'object'],
  [CACHE, /^[\s\S]*$/, 'just words', '(top level)', 'just words', 'object'],
  [
    SOURCES_YAML,
    '[BTC-USD, ETH-USD, SOL-USD, XRP-USD',
    '[btc-usd, ETH-USD, SOL-USD, XRP-USD',
    'symbols[0]',
    'btc-usd',
    'BTC-USD',
  ],
  [
    SOURCES_YAML,
    '[BTC-USD, ETH-USD, SOL-USD, XRP-USD',
    '[BTC/USD, ETH-USD, SOL-USD, XRP-USD',
    'symbols[0]',
    'BTC/USD',
    'BASE-QUOTE',
  ],
  [
    SOURCES_YAML,
    '[BTC-USD, ETH-USD, SOL-USD, XRP-USD',
    '[BTC-USD, BTC-USD, ETH-USD, SOL-USD, XRP-USD',
    'symbols',
    'BTC-USD',
    'twice',
  ],
  [
    SOURCES_YAML,
    '[BTC-USD, ETH-USD, SOL-USD, XRP-USD',
    '[42, ETH-USD, SOL-USD, XRP-USD',
    'symbols[0]',
    '42',
    'string',
  ],
  [SOURCES_YAML, /symbols:\s+\[[^\]]*\]/, 'symbols: []', 'symbols', '[]', 'at least one'],
  [
    SOURCES_YAML,
    'symbols: [BTC-USD, ETH-USD, SOL-USD, BTC-USDT',
    'symbols: [BTC-EUR, ETH-USD, SOL-USD, BTC-USDT',
    'hot.symbols[0]',
    'BTC-EUR',
    'symbols',
  ],
  [
    SOURCES_YAML,
    'symbols: [BTC-USD, ETH-USD, SOL-USD, BTC-USDT',
    'symbols: [BTC-USD, BTC-USD, SOL-USD, BTC-USDT',
    'hot.symbols',
    'BTC-USD',
    'twice',
  ],
  [SOURCES_YAML, /^hot:$/m, 'hots:', 'hot', 'missing', 'object'],
  [
    SOURCES_YAML,
    'binance:     { enabled: true }',
    'binance:     { enabled: maybe }',
    'sources.binance.enabled',
    'maybe',
    'boolean',
  ],
  [
    SOURCES_YAML,
    'binance:     { enabled: true }',
    'bitfinex:    { enabled: true }',
    'sources.bitfinex',
    'enabled',
    'unknown key',
  ],
  [
    SOURCES_YAML,
    'binance:     { enabled: true }',
    'binance:     { enabled: true, rest_url: example.com }',
    'sources.binance.rest_url',
    'example.com',
    'https://',
  ],
  [
    SOURCES_YAML,
    'binance:     { enabled: true }',
    'binance:     { rest_url: "ftp://example.com" }',
    'sources.binance.rest_url',
    'ftp://example.com',
    'http',
  ],
  [
    SOURCES_YAML,
    'okx:         { enabled: true }',
    'okx:         { ws_url: "https://example.com" }',
    'sources.okx.ws_url',
    'https://example.com',
    'wss://',
  ],
  [
    SOURCES_YAML,
    'okx:         { enabled: true }',
    'okx:         { url: "https://example.com" }',
    'sources.okx.url',
    'https://example.com',
    'unknown key',
  ],
  [
    SOURCES_YAML,
    'requests_per_minute: 5 ',
    'requests_per_minute: 0 ',
    'sources.coingecko.requests_per_minute',
    '0',
    '1',
  ],
  [
    SOURCES_YAML,
    'requests_per_minute: 10 ',
    'requests_per_minute: lots ',
    'sources.coinpaprika.requests_per_minute',
    'lots',
    'whole number',
  ],
  [
    SOURCES_YAML,
    'coinbase:    { enabled: true }',
    'coinbase:    yes please',
    'sources.coinbase',
    'yes please',
    'object',
  ],
  [
    SOURCES_YAML,
    'microstructure: { allowed_sources: [binance,',
    'microstructure: { allowed_sources: [coingecko, binance,',
    'authority.microstructure.allowed_sources',
    'coingecko',
    'cannot speak for',
  ],
  [
    SOURCES_YAML,
    'banned_sources: [coingecko, coinpaprika]',
    'banned_sources: [coingecko, kraken]',
    'authority.microstructure.banned_sources',
    'kraken',
    'remove it',
  ],
  [
    SOURCES_YAML,
    'derivatives:    { allowed_sources: [binance, okx, kraken] }',
    'derivatives:    { allowed_sources: [binance, coinbase] }',
    'authority.derivatives.allowed_sources',
    'coinbase',
    'possible: binance, okx, kraken',
  ],
  [
    SOURCES_YAML,
    'derivatives:    { allowed_sources: [binance, okx, kraken] }',
    'derivatives:    { allowed_sources: [bitmex] }',
    'authority.derivatives.allowed_sources[0]',
    'bitmex',
    'one of',
  ],
  [
    SOURCES_YAML,
    'fallback: [binance,',
    'fallback: [coingecko, binance,',
    'authority.price_volume.fallback',
    'coingecko',
    'remove it',
  ],
  [
    SOURCES_YAML,
    'reconciliation_method: trimmed_median',
    'reconciliation_method: average',
    'authority.price_volume.reconciliation_method',
    'average',
    'trimmed_mean',
  ],
  [SOURCES_YAML, 'max_deviation: 0.01 ', 'max_deviation: 1 ', 'reconciliation.max_deviation', '1', 'below 1'],
  [SOURCES_YAML, 'max_deviation: 0.01 ', 'max_deviation: 0 ', 'reconciliation.max_deviation', '0', 'above 0'],
  [
    SOURCES_YAML,
    'max_deviation: 0.01 ',
    'max_deviation: .nan ',
    'reconciliation.max_deviation',
    'N',
    'number',
  ],
  [
    SOURCES_YAML,
    'max_volume_deviation: 0.15',
    'max_volume_deviation: 15%',
    'reconciliation.max_volume_deviation',
    '15%',
    'number',
  ],
  [SOURCES_YAML, 'min_sources: 2', 'min_sources: 7', 'reconciliation.min_sources', '7', '6'],
  [
    SOURCES_YAML,
    'confidence_threshold: 0.7',
    'confidence_threshold: 70',
    'reconciliation.confidence_threshold',
    '70',
    'from 0 to 1',
  ],
  [
    SOURCES_YAML,
    'trim_percent: 0.10',
    'trim_percent: 0.5',
    'reconciliation.trim_percent',
    '0.5',
    'below 0.5',
  ],
  [
    SOURCES_YAML,
    'quote_proxies: { USD: [USDT, USDC] }',
    'quote_proxies: { USD: USDT }',
    'reconciliation.quote_proxies.USD',
    'USDT',
    'array',
  ],
  [
    SOURCES_YAML,
    'failure_threshold: 5',
    'failure_threshold: 0',
    'circuit_breaker.failure_threshold',
    '0',
    '1',
  ],
  [
    SOURCES_YAML,
    'recovery_timeout_seconds: 60',
    'recovery_timeout_seconds: 1m',
    'circuit_breaker.recovery_timeout_seconds',
    '1m',
    'number',
  ],
  [
    SOURCES_YAML,
    'half_open_requests: 3',
    'half_open_requests: 3.5',
    'circuit_breaker.half_open_requests',
    '3.5',
    'whole number',
  ],
  [SOURCES_YAML, 'hot:', 'hot:\n\tsymbols: []', '(file)', 'unreadable', 'line'],
]

describe('configuration', () => {
  it('as shipped names six sources, two aggregators first, and more than 25 dollar markets', () => {
    const config = loadConfig({})
    expect(Object.keys(config.sources)).toEqual(SOURCES)
    expect(config.authority.pricePrimary).toEqual(['COINGECKO', 'COINPAPRIKA'])
    expect(config.symbols.filter((symbol) => symbol.endsWith('-USD')).length).toBeGreaterThan(25)
    expect(config.hotSymbols.every((symbol) => config.symbols.includes(symbol))).toBe(true)
    expect(Object.isFrozen(config.reconciliation)).toBe(true)
  })

  it('may narrow who speaks, and take an operator’s own addresses and budgets', () => {
    const path = join(directory, SOURCES_YAML)
    const text = readFileSync(path, 'utf8')
      .replace('kraken:      { enabled: true }', 'kraken:      { enabled: false }')
      .replace(
        'okx:         { enabled: true }',
        'okx:         { rest_url: "http://127.0.0.1:9/api", requests_per_minute: 7 }',
      )
      .replace('allowed_sources: [binance, okx, coinbase, kraken]', 'allowed_sources: [coinbase]')
    writeFileSync(path, text)
    const { sources, authority } = loadConfig({ CONFIG_DIR: directory })
    expect(sources.KRAKEN.isEnabled).toBe(false)
    expect(sources.OKX).toEqual({ isEnabled: true, rest_url: 'http://127.0.0.1:9/api', requestsPerMinute: 7 })
    expect(authority.microstructure).toEqual(['COINBASE'])
  })

  it('is given at least 50 chances to be wrong here', () => {
    expect(BAD.length).toBeGreaterThanOrEqual(50)
  })

  it.each(BAD)('%s: %s → %s', (file, from, to, key, value, cure) => {
    const line = lineAfter(file, from, to)
    expect(line.split('\n')).toHaveLength(1)
    expect(line.startsWith(`${join(directory, file)}: ${key} = `)).toBe(true)
    expect(line).toContain(value)
    expect(line).toContain(cure)
  })

  it('says which file is missing, and how to be found', () => {
    rmSync(join(directory, CACHE))
    const line = refusalOf({})
    expect(line).toContain(join(directory, CACHE))
    expect(line).toContain('CONFIG_DIR')
  })

  it('quotes no more than a line of a value that is a book', () => {
    const line = lineAfter(CACHE, 'prefix: "cryptorun:"', `prefix: [${'"long", '.repeat(200)}"end"]`)
    expect(line.length).toBeLessThan(300)
  })
})
