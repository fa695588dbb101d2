/** What a question costs Redis: the same for one symbol as for five hundred; and what a day of records takes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SOURCES } from '../../src/domain/market.ts'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
import { canonical } from '../../src/facade/canonical.ts'
import { hashOf } from '../../src/facade/snapshots.ts'
import { RECORDED_LEVELS, recordOf } from '../../src/facade/warm/book-record.ts'
import { createRedisStore } from '../../src/store/redis.ts'
import type { RedisStore } from '../../src/store/redis.ts'
import type { SnapshotWrite } from '../../src/store/store.ts'
import { printFigure } from '../support/figure.ts'
import { realClock } from '../support/real-clock.ts'
import { cli, startRedis, until } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'

let server: RedisServer
let store: RedisStore

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  ask('flushall')
  store = open()
  await store.ready(5000)
  await until(() => store.status().pending === 0)
  return () => store.close()
})

const open = (): RedisStore =>
  createRedisStore({ url: server.url, prefix: 'cryptorun:', poolSize: 10, maxRetries: 3, clock: realClock })

const ask = (...args: string[]): string => cli(['-p', `${server.port}`, ...args])

/** Calls of each command while `work` runs, without those of health checks. */
async function commandsDuring(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  ask('config', 'resetstat')
  await work()
  const counted = ask('info', 'commandstats').matchAll(/cmdstat_([^:]+):calls=(\d+)/g)
  const ours = [...counted].filter(([, name = '']) => !/^(info|ping|config|hello|client)/.test(name))
  return Object.fromEntries(ours.map(([, name = '', calls]) => [name, Number(calls)]))
}

const symbolsOf = (count: number) => Array.from({ length: count }, (_, index) => `S${index}-USD`)

describe.each([1, 10, 100, 500])('for %i symbols', (count) => {
  const keys = symbolsOf(count).map((symbol) => `price:${symbol}`)
  const writes = () => {
    const [cachedAt, expiresAt] = [realClock.now(), realClock.now() + 30_000]
    return keys.map((key) => ({ key, entry: { data: { key }, cachedAt, expiresAt }, keepMs: 300_000 }))
  }
  const records = () =>
    keys.map((subject): SnapshotWrite => {
      const body = canonical({ subject, at: Math.random() })
      return { id: hashOf(body), body, subject, takenAt: realClock.now() }
    })

  it('reading is one MGET', async () => {
    await store.setMany(writes())
    expect(await commandsDuring(() => store.getMany(keys))).toEqual({ mget: 1 })
  })

  it('the newest records at an instant are one pipeline and one MGET', async () => {
    await store.putSnapshots(records(), 86_400_000)
    const other = open()
    await other.ready(5000)
    const seen = await commandsDuring(() => other.newestNotAfter(keys, realClock.now()))
    expect(seen).toEqual({ zrevrangebyscore: count, mget: 1 })
    await other.close()
  })

  it('recording is one script for each two hundred', async () => {
    const { eval: scripts } = await commandsDuring(() => store.putSnapshots(records(), 86_400_000))
    expect(scripts).toBe(Math.ceil(count / 200))
  })
})

describe('every key', () => {
  it('has a time to live', async () => {
    const [cachedAt, expiresAt] = [realClock.now(), realClock.now() + 30_000]
    await store.setMany([{ key: 'price:BTC-USD', entry: { data: 1, cachedAt, expiresAt }, keepMs: 300_000 }])
    await store.putSnapshots(
      [{ id: 'a'.repeat(64), body: '{}', subject: 'price:BTC-USD', takenAt: cachedAt }],
      60_000,
    )
    await store.lease('price:BTC-USD', 1000)
    const keys = ask('keys', '*').trim().split('\n')
    expect(keys.sort()).toEqual([
      'cryptorun:lease:price:BTC-USD',
      `cryptorun:pit:blob:${'a'.repeat(64)}`,
      'cryptorun:pit:index:price:BTC-USD',
      'cryptorun:price:BTC-USD',
    ])
    expect(keys.filter((key) => !(Number(ask('pttl', key)) > 0))).toEqual([])
  })
})

describe('a day of records of a hundred symbols', () => {
  const NOW = realClock.now()
  const AGGREGATORS = SOURCES.slice(4)
  const digits = (level: number) => (level * (0.99 + Math.random() / 500)).toFixed(level > 100 ? 2 : 6)

  const agreed =
    (kind: string, sources: typeof SOURCES | typeof AGGREGATORS) => (symbol: string, takenAt: number) => {
      const level = 10 ** (5 - (symbol.length + Number(symbol.slice(1, 3).replace(/\D/, ''))) / 20)
      const claims = sources.map((source): Claim => ({
        source,
        value: digits(level),
        observedAt: takenAt - Math.floor(Math.random() * 20_000),
        receivedAt: takenAt - Math.floor(Math.random() * 300),
        conversion: source === 'OKX' ? { symbol: 'USDT-USD', rate: digits(1) } : null,
        failure: null,
      }))
      const policy: Policy = {
        method: 'TRIMMED_MEDIAN',
        maxDeviation: 0.01,
        minSources: 2,
        confidenceThreshold: 0.7,
        trimPercent: 0.1,
        isHot: sources.length > 2,
        maxAgeMs: 120_000,
        now: takenAt,
        wasDropped: [],
        order: SOURCES,
      }
      return {
        kind,
        subject: `${kind}:${symbol}`,
        inputs: { claims, policy },
        answer: reconcile(claims, policy),
      }
    }
  const derivative = (symbol: string, takenAt: number) => ({
    kind: 'funding',
    subject: `funding:${symbol}:BINANCE`,
    inputs: { venue: 'BINANCE', receivedAt: takenAt },
    answer: {
      symbol,
      instrument: symbol.replace('-', ''),
      rate: digits(0.0001),
      intervalHours: 8,
      nextFundingAt: NOW + 3_600_000,
      markPrice: digits(3000),
      indexPrice: digits(3000),
      observedAt: takenAt - 40,
    },
  })
  const book = (symbol: string, takenAt: number) => {
    const side = (step: number) =>
      Array.from({ length: RECORDED_LEVELS }, (_, index) => ({
        price: (3000 + step * (index + Math.random())).toFixed(2),
        size: (Math.random() * 9).toFixed(5),
      }))
    const levels = { bids: side(-0.1), asks: side(0.1), sequence: `${takenAt}`, observedAt: takenAt }
    return recordOf({ symbol, venue: 'OKX', ...levels }, { tier: 'HOT', receivedAt: takenAt })
  }

  const day = 86_400
  const kinds = [
    { name: 'price, warm (2 sources)', perDay: (94 * day) / 30, make: agreed('price', AGGREGATORS) },
    { name: 'price, hot (6 sources)', perDay: (6 * day) / 5, make: agreed('hotprice', SOURCES) },
    { name: 'volume', perDay: (100 * day) / 120, make: agreed('volume', AGGREGATORS) },
    { name: 'funding and open interest', perDay: (2 * 300 * day) / 300, make: derivative },
    { name: `hot books, ${RECORDED_LEVELS} levels a side`, perDay: (24 * day) / 15, make: book },
  ]

  it('fits in 512 MB of Redis', async () => {
    const used = () => Number(/used_memory:(\d+)/.exec(ask('info', 'memory'))?.[1])
    let total = 0
    const lines: string[] = []
    for (const { name, perDay, make } of kinds) {
      const writes = Array.from({ length: 4000 }, (_, index): SnapshotWrite => {
        const symbol = `S${index % 10}-USD`
        const takenAt = NOW - (4000 - index) * 5000
        const body = canonical({ version: 1, symbol, takenAt, ...make(symbol, takenAt) })
        return { id: hashOf(body), body, subject: make(symbol, takenAt).subject, takenAt }
      })
      const raw = writes.reduce((sum, { body }) => sum + body.length, 0) / writes.length
      const before = used()
      await store.putSnapshots(writes, 86_400_000)
      const bytes = (used() - before) / writes.length
      total += bytes * perDay
      lines.push(
        `${name.padEnd(30)} ${raw.toFixed(0).padStart(5)} B as text, ${bytes.toFixed(0).padStart(5)} B in Redis, ${(perDay / 1000).toFixed(0).padStart(4)}k a day: ${((bytes * perDay) / 2 ** 20).toFixed(0)} MiB`,
      )
    }
    printFigure(`${lines.join('\n')}\nprojection of 24 h: ${(total / 2 ** 20).toFixed(0)} MiB of 512`)
    expect(total).toBeLessThan(512 * 2 ** 20)
  })
})
