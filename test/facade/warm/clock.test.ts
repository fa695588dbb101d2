/** R45: the machine's clock set an hour forward or back while the house runs. */
import { afterEach, describe, expect, it } from 'vitest'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

const HOUR = 3_600_000
let stage: Stage
afterEach(() => stage.close())

async function price(symbol = 'ETH-USD') {
  const [outcome] = await stage.facade.warm.prices([{ symbol, asOf: null, method: null }])
  if (!outcome?.ok) throw new Error(outcome?.error.message)
  return outcome.value
}

describe.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('a clock set an hour %s', (_, by) => {
  it('makes no value immortal: once its time has passed the sources are asked again', async () => {
    stage = await openStage()
    expect((await price()).value).toBe('100.00')
    stage.clock.setWall(stage.clock.now() + by)
    for (const player of ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const)
      stage.say(player, 'ETH-USD', '101.00')
    stage.clock.advance(31_000)
    const later = await price()
    expect(later).toMatchObject({ value: '101.00', attribution: { cache: { status: 'MISS' } } })
  })

  it('shows no age below zero and no instant from the future', async () => {
    stage = await openStage()
    await price()
    stage.clock.setWall(stage.clock.now() + by)
    stage.clock.advance(31_000)
    const { attribution } = await price()
    const now = stage.clock.now()
    for (const at of [
      attribution.observedAt,
      attribution.receivedAt,
      attribution.cache?.cachedAt,
      attribution.snapshot?.takenAt,
    ]) {
      expect(at).toBeLessThanOrEqual(now)
    }
    const health = stage.facade.health()
    expect(health.checkedAt).toBe(now)
    for (const { quota } of health.sources)
      if (quota !== null) expect(quota.resetAt).toBeGreaterThanOrEqual(now)
  })

  it('opens no circuit and closes none', async () => {
    stage = await openStage()
    await price()
    stage.clock.setWall(stage.clock.now() + by)
    stage.clock.advance(31_000)
    await price()
    expect(stage.facade.health().sources.map(({ circuit }) => circuit.state)).not.toContain('OPEN')
  })
})
