/**
 * GraphQL queries that go on while Redis dies, hangs, lies or refuses: none fails, each says truthfully how
 * fresh its answer is, health says what is wrong, and all of it heals by itself.
 */
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { graphql } from 'graphql'
import type { CacheEntry } from '../../../src/domain/attribution.ts'
import { buildSchema, createContext } from '../../../src/graphql/schema.ts'
import { MAX_PENDING } from '../../../src/store/gate.ts'
import { createRedisStore } from '../../../src/store/redis.ts'
import { printFigure } from '../../support/figure.ts'
import { realClock } from '../../support/real-clock.ts'
import { cli, startRedis, until } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import { openStage } from './stage.ts'
import type { Player, Stage } from './stage.ts'

const SYMBOLS = ['USDT-USD', 'BTC-USD', 'ETH-USD', 'SOL-USD']
const PLAYERS: readonly Player[] = ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN']
const QUERY = `{ markets(symbols: ["BTC-USD", "ETH-USD", "SOL-USD"]) {
  price { value attribution { text cache { status cachedAt expiresAt } snapshot { id } } } } }`
const HEALTH = '{ health { status cache { driver isConnected reason } } }'
const schema = buildSchema()

let redis: RedisServer
let stage: Stage

beforeEach(async () => {
  redis = await startRedis()
  const store = createRedisStore({
    url: redis.url,
    prefix: 'test:',
    poolSize: 3,
    maxRetries: 3,
    clock: realClock,
  })
  await store.ready(5_000)
  // Half a second of freshness, so that there is much to fetch while it lasts; the circuits are another test's matter.
  stage = await openStage({
    symbols: SYMBOLS,
    store: () => store,
    realClock,
    change: (config) => ({
      ...config,
      ttlSeconds: { ...config.ttlSeconds, prices_warm: 0.5 },
      circuitBreaker: { ...config.circuitBreaker, failureThreshold: 1_000 },
    }),
  })
})
afterEach(async () => {
  await stage.close()
  await stage.store.close()
  await redis.stop()
})

interface Answered {
  readonly price: {
    readonly value: string | null
    readonly attribution: {
      readonly text: string
      readonly cache: Readonly<Record<'status' | 'cachedAt' | 'expiresAt', string>>
    }
  } | null
}

async function ask(source: string): Promise<{ readonly data: Record<string, unknown>; readonly ms: number }> {
  const contextValue = createContext({
    facade: stage.facade,
    signal: new AbortController().signal,
    requestId: 'r',
    principal: null,
  })
  const from = performance.now()
  const { data, errors } = await graphql({ schema, source, contextValue })
  if (errors !== undefined) throw errors[0] ?? new Error('no reason')
  return { data: data as Record<string, unknown>, ms: performance.now() - from }
}

const health = async () =>
  (await ask(HEALTH)).data['health'] as {
    readonly status: string
    readonly cache: { readonly driver: string; readonly isConnected: boolean; readonly reason: string | null }
  }

/** Queries at a steady pace for so long; every one must be answered, and truthfully. */
async function load(forMs: number) {
  const durations: number[] = []
  const flags: Record<CacheEntry['status'], number> = { HIT: 0, MISS: 0, STALE: 0 }
  const queries: Promise<void>[] = []
  let mostPending = 0
  const query = async (): Promise<void> => {
    const askedAt = realClock.now()
    const { data, ms } = await ask(QUERY)
    const now = realClock.now()
    durations.push(ms)
    for (const { price } of data['markets'] as readonly Answered[]) {
      expect(price?.value).toBe('100.00')
      const { status, cachedAt, expiresAt } = price?.attribution.cache ?? {}
      flags[status as CacheEntry['status']] += 1
      const isPast = Date.parse(expiresAt ?? '') <= now
      const wasPast = Date.parse(expiresAt ?? '') <= askedAt
      if (status === 'STALE') expect({ status, isPast }).toEqual({ status, isPast: true })
      else expect({ status, wasPast }).toEqual({ status, wasPast: false })
      if (status === 'MISS') expect(Date.parse(cachedAt ?? '')).toBeGreaterThanOrEqual(askedAt - 1_000)
      if (status === 'STALE') expect(price?.attribution.text).toMatch(/; stale: \d+ s old/)
    }
  }
  const end = performance.now() + forMs
  while (performance.now() < end) {
    for (let burst = 0; burst < 5; burst += 1) queries.push(query())
    mostPending = Math.max(mostPending, stage.store.status().pending)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(queries)
  expect(mostPending).toBeLessThanOrEqual(MAX_PENDING)
  durations.sort((a, b) => a - b)
  const at = (share: number) => (durations[Math.floor((durations.length - 1) * share)] ?? 0).toFixed(1)
  const stale = flags.STALE === 0 ? '' : `, ${flags.STALE} stale and saying so`
  const line = `${durations.length} queries, 0 failed${stale}; p99 ${at(0.99)} ms, max ${at(1)} ms, ${mostPending} pending at most`
  return { flags, line }
}

const silence = (): void => PLAYERS.forEach((player) => stage.mood(player, { status: 503 }))
const at = (...args: string[]) => cli(['-p', `${redis.port}`, ...args])
const healed = async (): Promise<number> => {
  const from = performance.now()
  await until(() => stage.store.status().isConnected && stage.store.status().reason === null)
  return performance.now() - from
}

it('killed: answered from the sources, then without those from memory, and found again', async () => {
  await load(300)
  expect(await health()).toEqual({
    status: expect.any(String),
    cache: { driver: 'REDIS', isConnected: true, reason: null },
  })
  await redis.kill()
  const up = await load(1_000)
  // The sources are there: values are renewed although nothing can be kept in Redis.
  expect(up.flags.MISS).toBeGreaterThan(0)
  expect(await health()).toMatchObject({
    status: 'DEGRADED',
    cache: { driver: 'REDIS', isConnected: false, reason: expect.stringMatching(/^CONNECTION/) },
  })
  silence()
  await new Promise((resolve) => setTimeout(resolve, 600))
  const alone = await load(800)
  expect(alone.flags).toMatchObject({ MISS: 0, STALE: expect.any(Number) })
  expect(alone.flags.STALE).toBeGreaterThan(0)
  PLAYERS.forEach((player) => stage.mood(player, null))
  await redis.restart()
  const ms = await healed()
  printFigure(
    `R10 Redis killed: ${up.line}\n    and every source silent: ${alone.line}\n    healthy ${ms.toFixed(0)} ms after Redis is up`,
  )
  expect((await health()).cache).toMatchObject({ isConnected: true, reason: null })
  await new Promise((resolve) => setTimeout(resolve, 500))
  await load(100)
  // Other processes find there what this one answers.
  expect(at('exists', 'test:price:BTC-USD').trim()).toBe('1')
})

it('stopped: a few queries wait, the others do not, and it is found again', async () => {
  await load(300)
  redis.signal('SIGSTOP')
  const stopped = await load(1_200)
  expect(await health()).toMatchObject({
    status: 'DEGRADED',
    cache: { isConnected: false, reason: 'TIMEOUT' },
  })
  redis.signal('SIGCONT')
  const ms = await healed()
  printFigure(`R11 Redis stopped: ${stopped.line}; healthy ${ms.toFixed(0)} ms after it goes on`)
  await load(200)
})

it('poisoned: what is not ours is a miss, and what was answered is put in its place', async () => {
  await load(300)
  const direct = new Redis(redis.url)
  const poison = [
    'hello',
    '{"__proto__":{"isPolluted":true}}',
    Buffer.from([0xc7, 1, 0, ...Array.from({ length: 28 }, () => 9), 0x7b]),
  ]
  const keys = (await direct.keys('test:*')).filter((key) => !key.includes(':pit:'))
  const before = stage.store.status().unreadableTotal
  for (const [index, key] of keys.entries()) {
    await direct.set(key, poison[index % poison.length] ?? '', 'PX', 60_000)
  }
  const { line } = await load(300)
  const counted = stage.store.status().unreadableTotal - before
  expect(counted).toBeGreaterThanOrEqual(3)
  // So large that Redis needs longer for it than anyone waits.
  await direct.set('test:price:BTC-USD', Buffer.alloc(10 * 1024 * 1024, 0x31), 'PX', 60_000)
  const huge = await load(900)
  direct.disconnect()
  printFigure(
    `R15 Redis poisoned: ${line}; ${counted} values unreadable\n    ten megabytes in the place of a price: ${huge.line}`,
  )
  expect('isPolluted' in {}).toBe(false)
  await healed()
  await load(700)
  expect((await health()).cache).toMatchObject({ isConnected: true, reason: null })
  const [healthy] = await stage.store.getMany(['price:BTC-USD'])
  expect(healthy).toMatchObject({ data: { symbol: 'BTC-USD', agreement: { value: '100.00' } } })
})

const refusals: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['OOM', ['config', 'set', 'maxmemory', '1'], ['config', 'set', 'maxmemory', '0']],
  ['READONLY', ['replicaof', '127.0.0.1', '1'], ['replicaof', 'no', 'one']],
  ['NOAUTH', ['config', 'set', 'requirepass', 'secret'], []],
]

it.each(refusals)('refusing with %s: named, and nothing fails', async (reason, refuse, relent) => {
  await load(300)
  at(...refuse)
  // Whoever was let in before a password was asked for stays in; those who come back are not.
  if (reason === 'NOAUTH')
    at('-a', 'secret', '--no-auth-warning', 'client', 'kill', 'type', 'normal', 'skipme', 'yes')
  const { line } = await load(800)
  printFigure(`R16 Redis refusing with ${reason}: ${line}`)
  await until(() => stage.store.status().reason === reason)
  expect(await health()).toMatchObject({ status: 'DEGRADED', cache: { reason } })
  if (relent.length === 0) return
  at(...relent)
  await load(700)
  await healed()
  expect((await health()).cache).toMatchObject({ isConnected: true, reason: null })
})
