/** What readers and processes share: one fetch, one memory of who was set aside, one account of it all. */
import { afterEach, describe, expect, it } from 'vitest'
import { createTopicReader } from './reader.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { createCached } from '../../../src/facade/warm/cached.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { reading, unreadable } from '../../../src/wire/request.ts'
import type { Reading } from '../../../src/wire/request.ts'
import { TestClock } from '../../support/clock.ts'
import { realClock } from '../../support/real-clock.ts'

let stage: Stage | null = null

afterEach(async () => {
  await stage?.close()
  stage = null
})

const want = (fetch: () => Promise<Reading<string>>) => ({ key: 'k', ttlMs: 1_000, staleMs: 9_000, fetch })

describe('a cold key under two processes on one store', () => {
  it('reaches the source once', async () => {
    const store = createMemoryStore({ clock: realClock })
    const processes = [0, 1].map(() => createCached({ store, clock: realClock }))
    let calls = 0
    const fetch = async () => {
      calls += 1
      await new Promise((resolve) => setTimeout(resolve, 30))
      return reading('value')
    }
    const answers = await Promise.all(
      processes.flatMap((each) => Array.from({ length: 500 }, () => each.read([want(fetch)]))),
    )
    expect(calls).toBe(1)
    expect(answers.every(([got]) => got?.ok === true && got.entry.data === 'value')).toBe(true)
  })

  it('is taken over when the first process fails', async () => {
    const store = createMemoryStore({ clock: realClock })
    const [one, two] = [createCached({ store, clock: realClock }), createCached({ store, clock: realClock })]
    const failing = one.read([
      want(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return unreadable('UNAVAILABLE', 'no')
      }),
    ])
    const working = two.read([want(async () => reading('mine'))])
    expect((await failing)[0]?.ok).toBe(false)
    expect((await working)[0]).toMatchObject({ ok: true, entry: { data: 'mine' } })
  })
})

describe('a value past its time', () => {
  it('stands in for a failed source up to its limit, and never where none is allowed', async () => {
    const clock = new TestClock()
    const cached = createCached({ store: createMemoryStore({ clock }), clock })
    let isUp = true
    const fetch = async () => (isUp ? reading('old') : unreadable('UNAVAILABLE', 'down'))
    await cached.read([want(fetch)])
    isUp = false
    clock.advance(5_000)
    expect((await cached.read([want(fetch)]))[0]).toMatchObject({ ok: true, status: 'STALE' })
    expect((await cached.read([{ ...want(fetch), staleMs: 0 }]))[0]).toMatchObject({ ok: false })
    clock.advance(6_000)
    expect((await cached.read([want(fetch)]))[0]).toMatchObject({ ok: false })
  })

  it('is not asked for again within the second after a failure', async () => {
    const clock = new TestClock()
    const cached = createCached({ store: createMemoryStore({ clock }), clock })
    let calls = 0
    const fetch = async () => {
      calls += 1
      return unreadable('UNAVAILABLE', 'down')
    }
    await cached.read([want(fetch)])
    await cached.read([want(fetch)])
    expect(calls).toBe(1)
    clock.advance(1_000)
    await cached.read([want(fetch)])
    expect(calls).toBe(2)
  })
})

describe('a source at the bound', () => {
  it('comes back only at half of it, however many processes restart its price', async () => {
    stage = await openStage()
    const { say, clock } = stage
    const verdict = async (paprika: string) => {
      say('COINGECKO', 'BTC-USD', paprika)
      say('COINPAPRIKA', 'BTC-USD', '100')
      say('COINBASE', 'BTC-USD', '100')
      say('KRAKEN', 'BTC-USD', '100')
      clock.advance(31_000)
      const [outcome] = await (stage as Stage).facade.warm.prices([
        { symbol: 'BTC-USD', method: null, asOf: null },
      ])
      if (!outcome?.ok) throw new Error('no price')
      return outcome.value.reconciliation.used.some(({ source }) => source === 'COINGECKO')
    }
    expect(await verdict('101.5')).toBe(false)
    expect(await verdict('100.8')).toBe(false)
    expect(await verdict('100.4')).toBe(true)
    expect(await verdict('100.8')).toBe(true)
  })
})

describe('health', () => {
  it('is well while all is well, and names what is not in words', async () => {
    stage = await openStage()
    const { facade, mood, clock } = stage
    expect(facade.health().sources.map(({ source }) => source)).toEqual([
      'COINBASE',
      'KRAKEN',
      'COINGECKO',
      'COINPAPRIKA',
    ])
    mood('COINGECKO', { status: 500 })
    for (let failure = 0; failure < 5; failure += 1) {
      clock.advance(31_000)
      await facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    }
    const health = facade.health()
    const gecko = health.sources.find(({ source }) => source === 'COINGECKO')
    expect(gecko).toMatchObject({ status: 'DOWN', circuit: { state: 'OPEN', consecutiveFailures: 5 } })
    expect(gecko?.reason).toMatch(/^Circuit open after 5 failures in a row; next trial at 20/)
    expect(health.status).toBe('DEGRADED')
    expect(health.isSimulated).toBe(true)
    expect(health.cache.classes.map(({ name }) => name)).toEqual([
      'prices_hot',
      'prices_warm',
      'volumes_vadr',
      'depth_spread',
      'trades',
      'funding_rates',
      'open_interest',
      'klines',
    ])
    expect(health.reconciliation.count).toBeGreaterThan(0)
  })

  it('is told at once, each second, and when a status changes', async () => {
    stage = await openStage()
    const { facade, clock, mood } = stage
    const reader = createTopicReader(facade.healthChanges().feed)
    expect(reader.events).toHaveLength(1)
    clock.advance(3_000)
    expect(reader.events.length).toBeGreaterThanOrEqual(4)
    mood('COINGECKO', { status: 500 })
    await facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    const before = reader.events.length
    clock.advance(200)
    expect(reader.events).toHaveLength(before + 1)
    expect(reader.events.at(-1)?.sources.find(({ source }) => source === 'COINGECKO')?.status).toBe(
      'DEGRADED',
    )
    reader.close()
    clock.advance(5_000)
    expect(reader.events).toHaveLength(before + 1)
  })
})

describe('a live price', () => {
  it('is made from memory alone, and has the aggregators asked behind the scenes', async () => {
    stage = await openStage({ hotSymbols: ['BTC-USD'] })
    const { facade, counts } = stage
    const before = { ...counts }
    const [first] = await facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    expect(first).toMatchObject({
      ok: true,
      value: { value: '100.00', attribution: { cache: { ttlSeconds: 5 } } },
    })
    // Two aggregators are one vote: a hot price asks the exchanges too.
    expect(counts.COINBASE - before.COINBASE).toBe(1)
    expect(counts.COINGECKO - before.COINGECKO).toBe(1)
    stage.clock.advance(6_000)
    await facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    expect(counts.COINGECKO - before.COINGECKO).toBe(1)
  })
})
