/**
 * Sources that fail, each in every way there is, under the whole facade: the others answer, the failure is
 * named, the failing one is left alone for its minute, and it comes back by exactly three trials.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Funding, OpenInterest } from '../../../src/domain/answer.ts'
import type { DropReason, Price } from '../../../src/domain/attribution.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { SOURCES, VENUES } from '../../../src/domain/market.ts'
import type { Source } from '../../../src/domain/market.ts'
import type { FaultCommand } from '../../../src/sim/simulation.ts'
import { TestClock } from '../../support/clock.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

type RestFault = Extract<
  FaultCommand,
  { readonly kind: 'hang' | 'html' | 'status' | 'truncate' | 'slowBody' }
>
type Way = Omit<RestFault, 'source'>

const WAYS: readonly (readonly [string, Way, DropReason])[] = [
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfterSeconds: 20 }, 'RATE_LIMITED'],
  ['418 with Retry-After', { kind: 'status', status: 418, retryAfterSeconds: 25 }, 'RATE_LIMITED'],
  ['503', { kind: 'status', status: 503 }, 'UNAVAILABLE'],
  ['nothing at all', { kind: 'hang' }, 'UNAVAILABLE'],
  ['a page of HTML', { kind: 'html' }, 'MALFORMED'],
  ['half a body', { kind: 'truncate' }, 'MALFORMED'],
  ['a body that trickles', { kind: 'slowBody', bytesPerSecond: 10 }, 'UNAVAILABLE'],
]

/** Longer than a price is fresh, and more than half as long as an open circuit stays open. */
const HALF_A_MINUTE = 31_000

const pause = (ms = 2) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for real sockets, and turns the clock while one of them says nothing: five seconds are what each is given. */
async function answered<T>(sim: Simulated, asked: Promise<T>): Promise<T> {
  let isDone = false
  const done = asked.finally(() => (isDone = true))
  for (let breath = 1; !isDone; breath += 1) {
    await pause()
    if (breath % 12 === 0) sim.advance(2_500)
  }
  return done
}

function value<T>(outcome: Outcome<T> | undefined): T {
  if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome')
  return outcome.value
}

describe.each(SOURCES)('prices while %s answers', (source: Source) => {
  let sim: Simulated
  beforeAll(async () => {
    sim = await startSimulated({
      symbols: ['BTC-USD', 'BTC-USDT', 'USDT-USD'],
      turned: new TestClock(),
      // Everyone is asked each time, so that a failure of any one of them shows.
      change: (config) => ({
        ...config,
        authority: { ...config.authority, pricePrimary: SOURCES, priceFallback: [] },
      }),
    })
  })
  afterAll(async () => {
    await sim.close()
  })

  const ask = async (): Promise<Price> => {
    const asked = sim.facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    return value((await answered(sim, asked))[0])
  }
  const health = () => sim.facade.health().sources.find((each) => each.source === source)
  const failures = () => health()?.circuit.consecutiveFailures ?? 0

  /** A price past its time is served, marked, to who would wait for a source that hangs; then comes the new one. */
  const refreshed = async (): Promise<Price> => {
    const before = failures()
    sim.advance(HALF_A_MINUTE)
    const first = await ask()
    if (first.attribution.cache?.status !== 'STALE') return first
    expect(first.attribution.text).toMatch(/; stale: 3\d s old/)
    const isOver = async () => {
      while (failures() === before) await pause()
    }
    await answered(sim, isOver())
    await pause()
    return ask()
  }
  const reason = ({ value: price, reconciliation }: Price): DropReason | undefined => {
    expect(price).not.toBeNull()
    expect(reconciliation.verdict).toBe('ACCEPTED')
    return reconciliation.dropped.find((each) => each.source === source)?.reason
  }
  const spent = async (work: () => Promise<Price>) => {
    const before = sim.requests(source)
    const price = await work()
    return { requests: sim.requests(source) - before, reason: reason(price), state: health()?.circuit.state }
  }

  it.each(WAYS)(
    '%s: answered by the others; five failures, none while open, three trials',
    async (_, way, why) => {
      expect(await spent(refreshed)).toMatchObject({ reason: undefined, state: 'CLOSED' })
      sim.simulation.fault({ ...way, source } as FaultCommand)
      for (let failure = 1; failure <= 5; failure += 1) {
        const state = failure === 5 ? 'OPEN' : 'CLOSED'
        expect(await spent(refreshed)).toEqual({ requests: 1, reason: why, state })
      }
      expect(health()).toMatchObject({ status: 'DOWN', circuit: { state: 'OPEN', consecutiveFailures: 5 } })
      expect(health()?.reason).toMatch(/Circuit open after 5 failures in a row; next trial at 2026-/)
      expect(sim.facade.health().status).toBe('DEGRADED')

      const closed = { requests: 0, reason: 'CIRCUIT_OPEN', state: 'OPEN' }
      expect(await spent(refreshed)).toEqual(closed)
      // A minute is over: one trial, which fails, and the next minute begins.
      expect(await spent(refreshed)).toEqual({ requests: 1, reason: why, state: 'OPEN' })
      expect(await spent(refreshed)).toEqual(closed)

      sim.simulation.clear()
      const trial = { requests: 1, reason: undefined, state: 'HALF_OPEN' }
      expect(await spent(refreshed)).toEqual(trial)
      expect(await spent(refreshed)).toEqual(trial)
      expect(await spent(refreshed)).toEqual({ ...trial, state: 'CLOSED' })
      expect(health()).toMatchObject({ status: 'OK', reason: null })
    },
  )
})

describe.each(VENUES)('%s alone may speak for itself, and', (venue) => {
  it.each(WAYS)(
    'answers %s: funding is stale, depth refused, candles agreed without it',
    async (_, way, why) => {
      const clock = new TestClock()
      const sim = await startSimulated({ symbols: ['BTC-USD', 'BTC-USDT', 'USDT-USD'], turned: clock })
      const { warm } = sim.facade
      const at = { symbol: 'BTC-USDT', asOf: null }
      const own = async (): Promise<readonly Outcome<Funding | OpenInterest>[]> => {
        if (venue === 'COINBASE') return []
        const asked = [{ symbol: 'BTC-USD', venue, asOf: null }]
        return answered(
          sim,
          Promise.all([warm.funding(asked), warm.openInterest(asked)]).then((all) => all.flat()),
        )
      }
      const depth = async () => (await answered(sim, warm.liquidity([{ ...at, venue, withinPercent: 1 }])))[0]
      const candles = () => answered(sim, warm.klines({ ...at, interval: 'M1', last: 20, before: null }))
      const before = (await own()).map(value)
      expect(value(await depth()).attribution.cache?.status).toBe('MISS')
      expect(value(await candles()).nodes).toHaveLength(20)

      sim.simulation.fault({ ...way, source: venue } as FaultCommand)
      sim.advance(301_000)
      for (const [index, outcome] of (await own()).entries()) {
        const { attribution, ...said } = value(outcome)
        const fresh = before[index]
        expect({ ...said, attribution }).toEqual({ ...fresh, attribution })
        expect(attribution).toMatchObject({
          cache: { status: 'STALE', cachedAt: fresh?.attribution.cache?.cachedAt },
          snapshot: fresh?.attribution.snapshot,
        })
        expect(attribution.text).toMatch(/; stale: 30\d s old, served because every source failed$/)
      }
      const refused = await depth()
      expect(refused).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } })
      if (refused?.ok === false) expect(refused.error.facts.retryAt).toBeGreaterThan(clock.now())
      const { used, dropped } = value(await candles()).nodes.at(-1)?.reconciliation.close ?? {}
      expect(used?.length).toBeGreaterThanOrEqual(2)
      const reason = dropped?.find(({ source }) => source === venue)?.reason
      expect([why, 'CIRCUIT_OPEN']).toContain(reason)

      // Past ten times its time nothing is served.
      sim.advance(3_000_000)
      for (const outcome of await own()) {
        expect(outcome).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } })
      }
      await sim.close()
    },
  )
})
