/** What a question costs Redis: the same for one symbol as for five hundred; and what a day of records takes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SOURCES, VENUES } from '../../src/domain/market.ts'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
import { canonical } from '../../src/facade/canonical.ts'
import { createSnapshots, hashOf } from '../../src/facade/snapshots.ts'
import { blockStart, createBlocks } from '../../src/facade/warm/blocks.ts'
import { vadrOf } from '../../src/domain/vadr.ts'
import { RECORDED_LEVELS, recordOf } from '../../src/facade/warm/book-record.ts'
import { agreedOf, answerOf, rowOf } from '../../src/facade/warm/series.ts'
import type { SeriesInputs } from '../../src/facade/warm/series.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
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
      'cryptorun:stamp',
    ])
    expect(keys.filter((key) => !(Number(ask('pttl', key)) > 0))).toEqual([])
  })
})

describe('a day of records of a hundred symbols', () => {
  const NOW = realClock.now()
  const day = 86_400
  const AGGREGATORS = SOURCES.slice(4)
  const digits = (level: number) => (level * (0.99 + Math.random() / 500)).toFixed(level > 100 ? 2 : 6)

  const policyAt = (now: number): Policy => ({
    method: 'TRIMMED_MEDIAN',
    maxDeviation: 0.01,
    minSources: 2,
    confidenceThreshold: 0.7,
    trimPercent: 0.1,
    isHot: false,
    maxAgeMs: 120_000,
    now,
    wasDropped: [],
    order: SOURCES,
  })
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
      const policy = { ...policyAt(takenAt), isHot: sources.length > 2 }
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
  /** A live book is deeper than what is recorded of it. */
  const book = (symbol: string, takenAt: number) => {
    const side = (step: number) =>
      Array.from({ length: 400 }, (_, index) => ({
        price: (3000 + step * (index + Math.random())).toFixed(2),
        size: (Math.random() * 9).toFixed(5),
      }))
    const levels = { bids: side(-0.2), asks: side(0.2), sequence: `${takenAt}`, observedAt: takenAt }
    return recordOf({ symbol, venue: 'OKX', ...levels }, { tier: 'HOT', receivedAt: takenAt })
  }
  const surge = (symbol: string, takenAt: number) => {
    const hours = Array.from({ length: 169 }, (_, back) => ({
      openTime: takenAt - (169 - back) * 3_600_000,
      volume: (Math.random() * 900).toFixed(5),
    }))
    const inputs = { venue: 'OKX', now: takenAt, receivedAt: takenAt, hours: hours.map(Object.values) }
    return { kind: 'vadr', subject: `vadr:${symbol}:OKX`, inputs, answer: vadrOf(hours, takenAt) }
  }
  /** Five hundred candles of four venues, again each time one closes: what was settled before is referred to. */
  const HOUR = 3_600_000
  const rowsOf = new Map<string, readonly ReturnType<typeof rowOf>[]>()
  const rowsAt = (symbol: string, venue: string, from: number, to: number) => {
    const name = `${symbol} ${venue}`
    const near = (level: number) => (level * (1 + Math.random() * 0.0004)).toFixed(2)
    const all =
      rowsOf.get(name) ??
      Array.from({ length: 900 }, (_, at) => {
        const level = 3000 + 200 * Math.sin(at / 40)
        const openTime = (Math.floor(NOW / HOUR) - 899 + at) * HOUR
        const [high, low] = [near(level * 1.004), near(level * 0.996)]
        const volume = (Math.random() * 90).toFixed(4)
        return rowOf({ openTime, open: near(level), high, low, close: near(level), volume })
      })
    rowsOf.set(name, all)
    return all.filter(([openTime]) => openTime >= from && openTime < to)
  }
  const blocks = createBlocks(
    createSnapshots({
      store: createMemoryStore({ clock: realClock }),
      clock: realClock,
      isEnabled: true,
      retentionMs: day,
    }),
    agreedOf,
  )
  const series = (symbol: string, takenAt: number) => {
    const to = blockStart('H1', takenAt) + Math.ceil((takenAt - blockStart('H1', takenAt)) / HOUR) * HOUR
    const from = blockStart('H1', to - 500 * HOUR)
    const whole: SeriesInputs = {
      symbol,
      interval: 'H1',
      from,
      to,
      now: takenAt,
      policy: policyAt(takenAt),
      rows: Object.fromEntries(VENUES.map((venue) => [venue, rowsAt(symbol, venue, from, to)])),
      failures: {},
      receivedAt: Object.fromEntries(VENUES.map((venue) => [venue, takenAt])),
      hasOlder: true,
    }
    const { blocks: settled, rest } = blocks.cut(whole, takenAt)
    const item = {
      kind: 'klines',
      subject: `klines:${symbol}:H1:500`,
      inputs: rest,
      answer: answerOf(agreedOf(rest)),
    }
    return { ...item, restsOn: settled.flatMap(({ part }) => part ?? []) }
  }

  interface Kind {
    readonly name: string
    readonly perDay: number
    readonly make: (
      symbol: string,
      takenAt: number,
    ) => { readonly subject: string; readonly restsOn?: readonly SnapshotWrite[] }
    /** Records measured, of so many symbols, and how far apart those of one are. */
    readonly sample?: number
    readonly symbols?: number
    readonly everyMs?: number
  }

  const hourly = { make: series, everyMs: HOUR }
  const minutely = (symbol: string, takenAt: number) => series(`M${symbol}`, takenAt)
  const kinds: readonly Kind[] = [
    { name: '94 warm prices, 2 sources', perDay: (94 * day) / 30, make: agreed('price', AGGREGATORS) },
    { name: '6 hot prices, 6 sources', perDay: (6 * day) / 5, make: agreed('hotprice', SOURCES) },
    { name: '100 volumes', perDay: (100 * day) / 120, make: agreed('volume', AGGREGATORS) },
    { name: 'funding, open interest, 3 venues', perDay: (2 * 300 * day) / 300, make: derivative },
    // Six hot symbols, listed eighteen times at the four venues.
    { name: `18 hot books, ${RECORDED_LEVELS} levels a side`, perDay: (18 * day) / 15, make: book },
    { name: '400 volume surges', perDay: 400 * 24, make: surge, sample: 400 },
    { name: '100 charts of 500 H1 candles', perDay: 100 * 24, sample: 240, ...hourly },
    {
      name: '10 charts of 500 M1 candles',
      perDay: 10 * 24 * 60,
      ...hourly,
      make: minutely,
      sample: 390,
      symbols: 1,
    },
  ]

  /** The candles themselves, kept to agree on: of 110 charts. */
  async function bytesOfCandles(): Promise<number> {
    const before = used()
    const writes = VENUES.flatMap((venue) =>
      Array.from({ length: 6 }, (_, at) => {
        const rows = rowsAt('C-USD', venue, NOW - (700 - at * 100) * HOUR, NOW - (600 - at * 100) * HOUR)
        const entry = { data: { receivedAt: NOW, rows }, cachedAt: NOW, expiresAt: NOW + day * 1000 }
        return { key: `candles:${venue}:C-USD:H1:${at}`, entry, keepMs: day * 1000 }
      }),
    )
    await store.setMany(writes)
    return (used() - before) * 110
  }
  const used = () => Number(/used_memory:(\d+)/.exec(ask('info', 'memory'))?.[1])

  it('fits in 512 MB of Redis, and the candles they are made from too', async () => {
    let total = 0
    const lines: string[] = []
    for (const { name, perDay, make, sample = 3000, symbols = 10, everyMs = 50_000 } of kinds) {
      let raw = 0
      const writes = Array.from({ length: sample }, (_, index) => {
        const symbol = `S${index % symbols}-USD`
        const takenAt = NOW - Math.floor((sample - index) / symbols) * everyMs
        const { restsOn = [], ...record } = make(symbol, takenAt)
        const body = canonical({ version: 1, symbol, takenAt, ...record })
        raw += body.length / sample
        return [...restsOn, { id: hashOf(body), body, subject: record.subject, takenAt }]
      }).flat()
      const before = used()
      await store.putSnapshots(writes, 86_400_000)
      const bytes = (used() - before) / sample
      total += bytes * perDay
      lines.push(
        `${name.padEnd(34)} ${raw.toFixed(0).padStart(5)} B as text, ${bytes.toFixed(0).padStart(5)} B in Redis, ${(perDay / 1000).toFixed(0).padStart(4)}k a day: ${((bytes * perDay) / 2 ** 20).toFixed(0).padStart(4)} MiB`,
      )
    }
    const candles = await bytesOfCandles()
    total += candles
    lines.push(
      `${'candles of 110 charts, 4 venues'.padEnd(74)} ${(candles / 2 ** 20).toFixed(0).padStart(4)} MiB`,
    )
    printFigure(`${lines.join('\n')}\nprojection of 24 h: ${(total / 2 ** 20).toFixed(0)} MiB of 512`)
    expect(total).toBeLessThan(512 * 2 ** 20)
  })
})
