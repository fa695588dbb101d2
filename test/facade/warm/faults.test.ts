/**
 * Sources that fail, each in every way there is, under the whole facade: the others answer, the failure is
 * named, the failing one is left alone for its minute, and it comes back by exactly three trials.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DropReason, Price } from '../../../src/domain/attribution.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { SOURCES } from '../../../src/domain/market.ts'
import type { Source } from '../../../src/domain/market.ts'
import type { FaultCommand } from '../../../src/sim/simulation.ts'
import { TestClock } from '../../support/clock.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

type Way = Omit<
  Extract<FaultCommand, { kind: 'status' | 'hang' | 'html' | 'truncate' | 'slowBody' }>,
  'source'
>

const WAYS: readonly (readonly [string, Way, DropReason])[] = [
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfterSeconds: 20 }, 'RATE_LIMITED'],
  ['418', { kind: 'status', status: 418, retryAfterSeconds: 25 }, 'RATE_LIMITED'],
  ['503', { kind: 'status', status: 503 }, 'UNAVAILABLE'],
  ['no answer at all', { kind: 'hang' }, 'UNAVAILABLE'],
  ['a page of HTML', { kind: 'html' }, 'MALFORMED'],
  ['half a body', { kind: 'truncate' }, 'MALFORMED'],
  ['a body that trickles', { kind: 'slowBody', bytesPerSecond: 10 }, 'UNAVAILABLE'],
]

/** Everyone is asked each time, so that a failure of any one of them shows. */
const openAll = (): Promise<Simulated> =>
  startSimulated({
    symbols: ['BTC-USD', 'BTC-USDT', 'USDT-USD'],
    turned: new TestClock(),
    change: (config) => ({
      ...config,
      authority: { ...config.authority, pricePrimary: SOURCES, priceFallback: [] },
      sources: Object.fromEntries(
        SOURCES.map((source) => {
          const { requestsPerMinute: _, ...rest } = config.sources[source]
          return [source, rest]
        }),
      ) as typeof config.sources,
    }),
  })

const seconds = (count: number) => count * 1_000

/** Turns the clock while an answer hangs: five seconds are what a source is given. */
async function answered<T>(sim: Simulated, asked: Promise<T>): Promise<T> {
  const state = { isDone: false }
  const done = asked.finally(() => (state.isDone = true))
  for (let breath = 0; !state.isDone; breath += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (breath > 0 && breath % 20 === 0) sim.advance(seconds(1))
  }
  return done
}

describe.each(SOURCES)('%s', (source: Source) => {
  let sim: Simulated
  beforeAll(async () => {
    sim = await openAll()
  })
  afterAll(async () => {
    await sim.close()
  })

  const price = async (): Promise<Price> => {
    const request = { symbol: 'BTC-USD', method: null, asOf: null }
    const [outcome] = (await answered(sim, sim.facade.warm.prices([request]))) as readonly Outcome<Price>[]
    if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome')
    return outcome.value
  }
  const reasonFor = ({ reconciliation }: Price) =>
    reconciliation.dropped.find((each) => each.source === source)?.reason
  const health = () => sim.facade.health().sources.find((each) => each.source === source)
  const count = () => sim.requests(source)

  it.each(WAYS)('answering %s', async (_, way, reason) => {
    expect(reasonFor(await price())).toBeUndefined()
    const fault = sim.simulation.fault({ ...way, source } as FaultCommand)
    const reasons = new Set<DropReason | undefined>()

    // Five failures: each query is answered by the others, and says who is missing and why.
    for (let failure = 1; failure <= 5; failure += 1) {
      sim.advance(seconds(31))
      reasons.add(reasonFor(await price()))
      await answered(
        sim,
        settled(() => health()?.circuit.consecutiveFailures === failure),
      )
      sim.advance(seconds(2))
      reasons.add(reasonFor(await price()))
      sim.advance(seconds(29))
    }
    expect(reasons).toContain(reason)
    expect(fault.applied).toBeGreaterThanOrEqual(5)

    // Open: nobody asks any more, and health says until when.
    expect(health()?.circuit).toMatchObject({ state: 'OPEN', retryAt: expect.any(Number) })
    const before = count()
    expect(reasonFor(await price())).toBe('CIRCUIT_OPEN')
    expect(count()).toBe(before)

    // A minute later it is tried again, and three good answers close it.
    sim.simulation.clear()
    for (let trial = 1; trial <= 3; trial += 1) {
      sim.advance(seconds(61))
      await price()
      const state = trial === 3 ? 'CLOSED' : 'HALF_OPEN'
      await answered(
        sim,
        settled(() => health()?.circuit.state === state),
      )
    }
    expect(count()).toBe(before + 3)
    expect(reasonFor(await price())).toBeUndefined()
  })
})

async function settled(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
