/** Entries read a moment ago are not sent again while nobody has written; any write is seen by the next reader. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisStore } from '../../src/store/redis.ts'
import type { RedisStore } from '../../src/store/redis.ts'
import { realClock } from '../support/real-clock.ts'
import { cli, startRedis } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'

let server: RedisServer
let mine: RedisStore
let theirs: RedisStore

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  ask('flushall')
  mine = open()
  theirs = open()
  await Promise.all([mine.ready(5_000), theirs.ready(5_000)])
})
afterEach(async () => {
  await mine.close()
  await theirs.close()
})

/** The clock stands, so that no reading ever grows too old to be believed. */
const standing = { ...realClock, monotonic: () => 1_000 }
const open = (clock = standing): RedisStore =>
  createRedisStore({ url: server.url, prefix: 'stamp:', poolSize: 2, maxRetries: 3, clock })
const ask = (...args: string[]): string => cli(['-p', `${server.port}`, ...args])
const keys = Array.from({ length: 50 }, (_, index) => `price:S${index}-USD`)

const write = (store: RedisStore, value: number, some = keys) => {
  const [cachedAt, expiresAt] = [realClock.now(), realClock.now() + 30_000]
  return store.setMany(
    some.map((key) => ({ key, entry: { data: { key, value }, cachedAt, expiresAt }, keepMs: 60_000 })),
  )
}
const valuesIn = async (store: RedisStore) =>
  (await store.getMany(keys)).map((entry) => (entry?.data as { value: number } | undefined)?.value ?? null)

async function bytesSentDuring(work: () => Promise<unknown>): Promise<number> {
  const sent = () => Number(/total_net_output_bytes:(\d+)/.exec(ask('info', 'stats'))?.[1])
  const before = sent()
  const asking = sent() - before
  await work()
  return sent() - before - 2 * asking
}

describe('what was read a moment ago', () => {
  it('is the same object again, and Redis sends next to nothing', async () => {
    await write(mine, 1)
    const first = await bytesSentDuring(() => mine.getMany(keys))
    const held = await mine.getMany(keys)
    const again = await bytesSentDuring(async () => {
      const found = await mine.getMany(keys)
      for (const [at, entry] of found.entries()) expect(entry).toBe(held[at])
    })
    expect(again).toBeLessThan(first / 5)
  })

  it('is read again as soon as another process has written one of many', async () => {
    await write(mine, 1)
    await valuesIn(mine)
    for (let value = 2; value < 30; value++) {
      await write(theirs, value, keys.slice(7, 8))
      expect((await valuesIn(mine)).map((found, at) => (at === 7 ? found === value : found === 1))).toEqual(
        keys.map(() => true),
      )
    }
  })

  it('is read again when everything was thrown away', async () => {
    await write(mine, 1)
    await valuesIn(mine)
    ask('flushall')
    expect(await valuesIn(mine)).toEqual(keys.map(() => null))
    await write(theirs, 2, keys.slice(0, 1))
    expect((await valuesIn(mine)).filter((value) => value !== null)).toEqual([2])
  })

  it('is read again after a tenth of a second, whoever may have meddled with it', async () => {
    let now = 0
    const store = open({ ...realClock, monotonic: () => now })
    await store.ready(5_000)
    await write(store, 1)
    await valuesIn(store)
    ask('del', `stamp:${keys[3]}`)
    now += 101
    expect((await valuesIn(store))[3]).toBeNull()
    await store.close()
  })
})
