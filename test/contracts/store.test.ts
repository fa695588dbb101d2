/** One suite for what every store promises, run over each. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createRedisStore } from '../../src/store/redis.ts'
import type { SnapshotWrite, Store } from '../../src/store/store.ts'
import { realClock } from '../support/real-clock.ts'
import { startCluster, startRedis, until } from '../support/redis.ts'

interface Made {
  /** A store with nothing in it; `other` sees the same keys from another process, where there can be one. */
  readonly open: () => Promise<Store>
  readonly stop: () => Promise<void>
}

const redisAt = (url: string, stop: () => Promise<void>): Made => {
  let round = 0
  return {
    async open() {
      round += 1
      const store = createRedisStore({
        url,
        prefix: `t${round}:`,
        poolSize: 3,
        maxRetries: 3,
        clock: realClock,
      })
      if (!(await store.ready(5000))) throw new Error(`redis not reached: ${store.status().reason}`)
      return store
    },
    stop,
  }
}

const makers: Readonly<Record<string, () => Promise<Made>>> = {
  'the memory store': async () => ({
    open: async () => createMemoryStore({ clock: realClock }),
    stop: async () => {},
  }),
  'the redis store': async () => {
    const server = await startRedis()
    return redisAt(server.url, server.stop)
  },
  'the redis store on a cluster of three': async () => {
    const cluster = await startCluster()
    return redisAt(cluster.url, cluster.stop)
  },
}

const entry = (data: unknown) => ({ data, cachedAt: realClock.now(), expiresAt: realClock.now() + 30_000 })

function snapshot(subject: string, takenAt: number, text = 'a'): SnapshotWrite {
  const body = JSON.stringify({ subject, takenAt, text })
  return { id: createHash('sha256').update(body).digest('hex'), body, subject, takenAt }
}

const HOUR = 3_600_000

describe.each(Object.entries(makers))('%s', (_, make) => {
  let made: Made
  let store: Store
  beforeAll(async () => {
    made = await make()
  })
  beforeEach(async () => {
    store = await made.open()
    return () => store.close()
  })
  afterAll(() => made.stop())

  it('answers null for a key nobody wrote', async () => {
    expect(await store.getMany(['price:BTC-USD'])).toEqual([null])
    expect(await store.getMany([])).toEqual([])
  })

  it('gives back what was put in, each at its place', async () => {
    const btc = entry({ value: '64213.10', sources: ['KRAKEN'] })
    const eth = entry({ value: '3120.5', dropped: null, nested: [[1, 2.5], { deep: true }] })
    await store.setMany([
      { key: 'price:BTC-USD', entry: btc, keepMs: 30_000 },
      { key: 'price:ETH-USD', entry: eth, keepMs: 30_000 },
    ])
    expect(await store.getMany(['price:ETH-USD', 'price:SOL-USD', 'price:BTC-USD'])).toEqual([eth, null, btc])
  })

  it('gives the same object for a value nobody changed', async () => {
    await store.setMany([{ key: 'price:BTC-USD', entry: entry({ value: '1' }), keepMs: 30_000 }])
    const [first] = await store.getMany(['price:BTC-USD'])
    const [second] = await store.getMany(['price:BTC-USD'])
    expect(first).not.toBeNull()
    expect(second).toBe(first)
  })

  it('gives the newer value once one is written', async () => {
    await store.setMany([{ key: 'price:BTC-USD', entry: entry({ value: '1' }), keepMs: 30_000 }])
    await store.setMany([{ key: 'price:BTC-USD', entry: entry({ value: '2' }), keepMs: 30_000 }])
    const [read] = await store.getMany(['price:BTC-USD'])
    expect(read?.data).toEqual({ value: '2' })
  })

  it('keeps a hundred symbols as easily as one', async () => {
    const keys = Array.from({ length: 100 }, (_none, index) => `price:S${index}-USD`)
    await store.setMany(keys.map((key) => ({ key, entry: entry({ key }), keepMs: 30_000 })))
    expect((await store.getMany(keys)).map((read) => read?.data)).toEqual(keys.map((key) => ({ key })))
  })

  it('forgets a value when its time is over', async () => {
    await store.setMany([{ key: 'short', entry: entry(1), keepMs: 40 }])
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(await store.getMany(['short'])).toEqual([null])
  })

  it('leases a key to one holder, and to the next once it is released', async () => {
    const first = await store.lease('price:BTC-USD', 5000)
    expect(first).not.toBeNull()
    expect(await store.lease('price:BTC-USD', 5000)).toBeNull()
    expect(await store.lease('price:ETH-USD', 5000)).not.toBeNull()
    await first?.()
    expect(await store.lease('price:BTC-USD', 5000)).not.toBeNull()
  })

  it('lets a lease run out, and a late release of it does not free the next holder', async () => {
    const late = await store.lease('price:BTC-USD', 30)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await store.lease('price:BTC-USD', 5000)).not.toBeNull()
    await late?.()
    expect(await store.lease('price:BTC-USD', 5000)).toBeNull()
  })

  it('finds the newest record not after an instant, for each subject', async () => {
    const now = realClock.now()
    const [old, mid, recent] = [3000, 2000, 1000].map((ago) => snapshot('price:BTC-USD', now - ago))
    const other = snapshot('price:ETH-USD', now - 2500)
    await store.putSnapshots(
      [recent, old, other, mid].filter((each) => each !== undefined),
      HOUR,
    )
    const found = await store.newestNotAfter(['price:BTC-USD', 'price:SOL-USD', 'price:ETH-USD'], now - 1500)
    expect(found.map((each) => each?.id ?? null)).toEqual([mid?.id, null, other.id])
    expect(found[0]).toEqual({ id: mid?.id, takenAt: mid?.takenAt, body: mid?.body })
    const [exact] = await store.newestNotAfter(['price:BTC-USD'], now - 1000)
    expect(exact?.id).toBe(recent?.id)
    expect(await store.newestNotAfter(['price:BTC-USD'], now - 3001)).toEqual([null])
  })

  it('finds the same one of two records of one millisecond, whichever was written first', async () => {
    const at = realClock.now() - 1000
    const pair = [snapshot('price:BTC-USD', at, 'a'), snapshot('price:BTC-USD', at, 'b')]
    for (const each of pair) await store.putSnapshots([each], HOUR)
    const [found] = await store.newestNotAfter(['price:BTC-USD'], at)
    expect(found?.id).toBe(
      pair
        .map(({ id }) => id)
        .sort()
        .at(-1),
    )
  })

  it('reads a record by its id, and nothing by another', async () => {
    const record = snapshot('price:BTC-USD', realClock.now())
    await store.putSnapshots([record], HOUR)
    expect(await store.snapshot(record.id)).toEqual({
      id: record.id,
      takenAt: record.takenAt,
      body: record.body,
    })
    expect(await store.snapshot('0'.repeat(64))).toBeNull()
  })

  it('reads several records by their ids, each at its place', async () => {
    const pair = [snapshot('price:BTC-USD', realClock.now()), snapshot('price:ETH-USD', realClock.now())]
    await store.putSnapshots(pair, HOUR)
    const [btc, eth] = pair.map(({ id }) => id)
    const found = await store.snapshots([eth ?? '', '0'.repeat(64), btc ?? ''])
    expect(found.map((each) => each?.id ?? null)).toEqual([eth, null, btc])
    expect(await store.snapshots([])).toEqual([])
  })

  it('keeps a record that is written again as long as a new one', async () => {
    const part = snapshot('klines:BTC-USD:H1:block', realClock.now() - 900)
    await store.putSnapshots([part], 1_000)
    await store.putSnapshots([part, snapshot('klines:BTC-USD:H1:500', realClock.now())], 60_000)
    await new Promise((resolve) => setTimeout(resolve, 200))
    await store.putSnapshots([snapshot('klines:BTC-USD:H1:500', realClock.now())], 1_000)
    expect((await store.snapshots([part.id]))[0]?.body).toBe(part.body)
  })

  it('changes nothing when a record is written again', async () => {
    const record = snapshot('price:BTC-USD', realClock.now() - 500)
    await store.putSnapshots([record], HOUR)
    await store.putSnapshots([{ ...record, body: 'forged' }, record], HOUR)
    expect((await store.snapshot(record.id))?.body).toBe(record.body)
  })

  it('names the earliest record it holds, and trims what retention is over for', async () => {
    const now = realClock.now()
    expect(await store.earliest('price:BTC-USD')).toBeNull()
    await store.putSnapshots([snapshot('price:BTC-USD', now - 5000)], HOUR)
    await store.putSnapshots([snapshot('price:BTC-USD', now - 1000)], HOUR)
    expect(await store.earliest('price:BTC-USD')).toBe(now - 5000)
    expect(await store.earliest('price:BTC-USD', now - 4000)).toBe(now - 1000)
    await store.putSnapshots([snapshot('price:BTC-USD', now)], 3000)
    expect(await store.earliest('price:BTC-USD')).toBe(now - 1000)
    expect(await store.newestNotAfter(['price:BTC-USD'], now - 4500)).toEqual([null])
  })

  it('says it is well', async () => {
    await until(() => store.status().pending === 0)
    expect(store.status()).toMatchObject({ isConnected: true, reason: null, unreadableTotal: 0 })
  })
})
