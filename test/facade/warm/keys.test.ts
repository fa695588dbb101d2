/** What a busy minute leaves in Redis: nothing that would stay there for ever. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DERIVATIVES_VENUES, VENUES } from '../../../src/domain/market.ts'
import { createRedisStore } from '../../../src/store/redis.ts'
import type { RedisStore } from '../../../src/store/redis.ts'
import { TestClock } from '../../support/clock.ts'
import { printFigure } from '../../support/figure.ts'
import { realClock } from '../../support/real-clock.ts'
import { cli, startRedis } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const SYMBOLS = ['BTC-USD', 'ETH-USD', 'ADA-USD', 'USDT-USD', 'BTC-USDT', 'ADA-USDT']

let redis: RedisServer
let store: RedisStore
let sim: Simulated

beforeAll(async () => {
  redis = await startRedis()
  store = createRedisStore({
    url: redis.url,
    prefix: 'cryptorun:',
    poolSize: 4,
    maxRetries: 5,
    clock: realClock,
  })
  await store.ready(5_000)
  sim = await startSimulated({
    symbols: SYMBOLS,
    hotSymbols: ['BTC-USD', 'BTC-USDT'],
    turned: new TestClock(realClock.now()),
    store: () => store,
  })
})
afterAll(async () => {
  await sim.close()
  await redis.stop()
})

/** Everything there is to ask, of everything, at once. */
async function askAll(): Promise<void> {
  const { warm } = sim.facade
  const all = SYMBOLS.map((symbol) => ({ symbol, asOf: null }))
  const each = <V>(venues: readonly V[]) => all.flatMap((at) => venues.map((venue) => ({ ...at, venue })))
  await Promise.all([
    warm.prices(all.map((at) => ({ ...at, method: null }))),
    warm.volumes(all),
    warm.vadr(each(VENUES)),
    warm.liquidity(each(VENUES).map((at) => ({ ...at, withinPercent: 1 }))),
    warm.funding(each(DERIVATIVES_VENUES)),
    warm.openInterest(each(DERIVATIVES_VENUES)),
    ...(['M1', 'H1'] as const).flatMap((interval) =>
      all.map((at) => warm.klines({ ...at, interval, last: 100, before: null })),
    ),
    warm.book({ symbol: 'BTC-USD', venue: null, depth: 20, asOf: null }),
  ])
}

/** A venue's budget is a matter of time: the clock goes on while an answer waits for it. */
async function turning(asked: Promise<void>): Promise<void> {
  const waiting = setInterval(() => sim.advance(1_000), 500)
  await asked.finally(() => clearInterval(waiting))
}

it('puts a time to live on every key, under the configured prefix', async () => {
  for (let second = 0; second < 60; second += 1) {
    await turning(askAll())
    sim.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await sim.facade.settled()
  await new Promise((resolve) => setTimeout(resolve, 100))
  const at = (...args: string[]) => cli(['-p', `${redis.port}`, ...args]).trim()
  const keys = at('keys', '*').split('\n')
  const kinds = new Map<string, number>()
  for (const key of keys) {
    const kind = /^cryptorun:((?:pit:)?[a-zA-Z]+)/.exec(key)?.[1] ?? key
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  expect([...kinds.keys()]).toEqual(
    expect.arrayContaining([
      ...['candles', 'depth', 'funding', 'listings', 'openInterest', 'perpetuals'],
      ...['pit:blob', 'pit:index', 'price', 'quotes', 'vadr', 'volume'],
    ]),
  )
  expect(keys.every((key) => key.startsWith('cryptorun:'))).toBe(true)
  const immortal = at(
    'eval',
    "local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) < 0 then found[#found + 1] = key end end return found",
    '0',
  )
  expect(immortal).toBe('')
  printFigure(
    `a busy minute left ${keys.length} keys, each with a time to live: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
  )
})
