/** The same answers through a real Redis: what a question costs there, and between two processes on it. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRedisStore } from '../../../src/store/redis.ts'
import { realClock } from '../../support/real-clock.ts'
import { startRedis } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

let redis: RedisServer
let stage: Stage

const symbols = ['USDT-USD', ...Array.from({ length: 500 }, (_, index) => `C${index}-USD`)]
const ask = (size: number) =>
  stage.facade.warm.prices(symbols.slice(1, size + 1).map((symbol) => ({ symbol, method: null, asOf: null })))

beforeAll(async () => {
  redis = await startRedis()
  // Redis lives by the machine's clock, so the facade does too.
  const store = createRedisStore({
    url: redis.url,
    prefix: 'test:',
    poolSize: 2,
    maxRetries: 1,
    clock: realClock,
  })
  stage = await openStage({ symbols, store: () => store, realClock })
})
afterAll(async () => {
  await stage.close()
  await stage.store.close()
  await redis.stop()
})

/** Commands Redis has served, those of connecting and looking left out. */
async function commands(): Promise<number> {
  const client = new Redis(redis.url)
  const stats = await client.info('commandstats')
  client.disconnect()
  let total = 0
  for (const [, name, calls] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
    if (!['info', 'ping', 'client|setinfo', 'command', 'hello', 'select'].includes(name ?? ''))
      total += Number(calls)
  }
  return total
}

it('costs one command for 1, 10, 100 and 500 prices that are held', async () => {
  await ask(500)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const cost = []
  for (const size of [1, 10, 100, 500]) {
    const before = await commands()
    const outcomes = await ask(size)
    expect(outcomes.every((each) => each.ok && each.value.attribution.cache?.status === 'HIT')).toBe(true)
    cost.push((await commands()) - before)
  }
  expect(cost).toEqual([1, 1, 1, 1])
})

it('gives another process the same answer and the same record, without a request to a source', async () => {
  const other = await stage.another()
  const before = { ...stage.counts }
  const [mine] = await ask(1)
  const [theirs] = await other.warm.prices([{ symbol: 'C0-USD', method: null, asOf: null }])
  expect(JSON.stringify(theirs)).toBe(JSON.stringify(mine))
  expect(stage.counts).toEqual(before)
})
