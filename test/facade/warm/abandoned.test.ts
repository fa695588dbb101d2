/** Askers who leave: what nobody else waits for is given up, down to the request on the wire; the rest goes on. */
import { afterEach, describe, expect, it } from 'vitest'
import { takeOff } from '../../../src/facade/warm/flight.ts'
import { startServer } from '../../../src/server/server.ts'
import { createLogger } from '../../../src/app.ts'
import { until } from '../../support/redis.ts'
import { TestClock } from '../../support/clock.ts'
import { openStage } from './stage.ts'
import type { Player, Stage } from './stage.ts'
import { startSimulated } from './simulated.ts'

let stage: Stage | null = null
afterEach(async () => {
  await stage?.close()
  stage = null
})

const PLAYERS: readonly Player[] = ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN']
const BTC = { symbol: 'BTC-USD', method: null, asOf: null }

function flown() {
  const landing = Promise.withResolvers<string>()
  let told: AbortSignal | null = null
  let overs = 0
  const flight = takeOff({
    work: (signal) => {
      told = signal
      return landing.promise
    },
    onOver: () => (overs += 1),
  })
  return { flight, landing, isStopped: () => told?.aborted, overs: () => overs }
}

describe('work that several wait for', () => {
  it('goes on while one of them does, and stops when the last has left', async () => {
    const { flight, isStopped, overs } = flown()
    const [one, two] = [new AbortController(), new AbortController()]
    void flight.join(one.signal)
    void flight.join(two.signal)
    void flight.join(two.signal)
    one.abort()
    expect(isStopped()).toBe(false)
    two.abort()
    expect(isStopped()).toBe(true)
    expect(overs()).toBe(1)
  })

  it('is never stopped under one who cannot leave', async () => {
    const { flight, landing, isStopped } = flown()
    const one = new AbortController()
    const patient = flight.join()
    void flight.join(one.signal)
    one.abort()
    expect(isStopped()).toBe(false)
    landing.resolve('here')
    expect(await patient).toBe('here')
  })

  it('is stopped at once for one who had left before', () => {
    const { flight, isStopped } = flown()
    void flight.join(AbortSignal.abort())
    expect(isStopped()).toBe(true)
  })

  it('leaves nothing behind on a signal that outlives it', async () => {
    const { flight, landing, isStopped } = flown()
    const long = new AbortController()
    const answer = flight.join(long.signal)
    landing.resolve('here')
    await answer
    await Promise.resolve()
    long.abort()
    expect(isStopped()).toBe(false)
  })
})

describe('a price whose sources hang', () => {
  const open = async (): Promise<Stage> => {
    stage = await openStage()
    for (const player of PLAYERS) stage.mood(player, 'hang')
    return stage
  }

  it('is asked for no longer when its only reader leaves, and counts against nobody', async () => {
    const { facade, clock, waiting, mood } = await open()
    const timers = clock.pendingTimers
    const reader = new AbortController()
    const answer = facade.warm.prices([BTC], reader.signal)
    await until(() => waiting.size === 2)
    reader.abort()
    await until(() => waiting.size === 0)
    expect((await answer)[0]).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } })
    expect(clock.pendingTimers).toBe(timers)
    for (const { circuit, status } of facade.health().sources) {
      expect({ status, failures: circuit.consecutiveFailures }).toMatchObject({ failures: 0 })
    }
    // Not a failure to be remembered either: the next reader is answered at once.
    for (const player of PLAYERS) mood(player, null)
    expect((await facade.warm.prices([BTC]))[0]).toMatchObject({ ok: true, value: { value: '100.00' } })
  })

  it('is still fetched for the one who stays, with one request', async () => {
    const { facade, waiting, mood, counts, release } = await open()
    const before = { ...counts }
    const [leaves, stays] = [new AbortController(), new AbortController()]
    void facade.warm.prices([BTC], leaves.signal)
    const answer = facade.warm.prices([BTC], stays.signal)
    await until(() => waiting.size === 2)
    leaves.abort()
    for (const player of PLAYERS) mood(player, null)
    release()
    expect((await answer)[0]).toMatchObject({ ok: true, value: { value: '100.00' } })
    expect(counts.COINGECKO - before.COINGECKO).toBe(1)
  })

  it('is given up when the browser hangs up', async () => {
    const { facade, waiting, config, clock } = await open()
    const server = await startServer({
      facade,
      config: { ...config, port: 0, host: '127.0.0.1' },
      logger: createLogger('silent'),
      clock,
    })
    const browser = new AbortController()
    const query = '{ market(symbol: "BTC-USD") { price { value } volume24h { value } } }'
    const answer = fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal: browser.signal,
    })
    await until(() => waiting.size >= 2)
    browser.abort()
    await expect(answer).rejects.toThrow()
    await until(() => waiting.size === 0)
    await server.close()
  })
})

describe('whatever is asked for of venues that hang', () => {
  it('is given up with its reader, and no circuit hears of it', async () => {
    const clock = new TestClock()
    const sim = await startSimulated({ symbols: ['BTC-USD', 'BTC-USDT', 'USDT-USD'], turned: clock })
    const { warm } = sim.facade
    const at = { symbol: 'BTC-USD', venue: 'KRAKEN' as const, asOf: null }
    const timers = clock.pendingTimers
    const before = sim.requests('KRAKEN')
    sim.simulation.fault({ kind: 'hang', source: 'KRAKEN' })
    const reader = new AbortController()
    const asked = [
      warm.vadr([at], reader.signal),
      warm.liquidity([{ ...at, withinPercent: 2 }], reader.signal),
      warm.funding([at], reader.signal),
      warm.openInterest([at], reader.signal),
      warm.klines({ ...at, interval: 'M5', last: 50, before: null }, reader.signal),
      warm.book({ ...at, depth: 5 }, reader.signal),
    ]
    await until(() => sim.requests('KRAKEN') - before === 5)
    reader.abort()
    for (const outcome of (await Promise.all(asked as readonly Promise<unknown>[])).flat()) {
      expect(outcome).toHaveProperty('ok')
    }
    expect(clock.pendingTimers).toBe(timers)
    const kraken = sim.facade.health().sources.find(({ source }) => source === 'KRAKEN')
    expect(kraken?.circuit).toEqual({ state: 'CLOSED', consecutiveFailures: 0, retryAt: null })
    sim.simulation.clear()
    expect((await warm.funding([at]))[0]).toMatchObject({ ok: true })
    await sim.close()
  })
})
