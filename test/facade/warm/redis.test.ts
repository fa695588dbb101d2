/** The same answers through a real Redis, between two facades on it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRedisStore } from '../../../src/store/redis.ts'
import { realClock } from '../../support/real-clock.ts'
import { startRedis } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

let redis: RedisServer
let stage: Stage

const symbols = ['USDT-USD', ...Array.from({ length: 5 }, (_, index) => `C${index}-USD`)]
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

it('gives another process the same answer and the same record, without a request to a source', async () => {
  await ask(1)
  const other = await stage.another()
  const before = { ...stage.counts }
  const [mine] = await ask(1)
  const [theirs] = await other.warm.prices([{ symbol: 'C0-USD', method: null, asOf: null }])
  expect(JSON.stringify(theirs)).toBe(JSON.stringify(mine))
  expect(stage.counts).toEqual(before)
})
