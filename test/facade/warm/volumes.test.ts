/** 24 h volume: agreed where somebody counts every venue, summed and named DEGRADED where nobody does. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Volume } from '../../../src/domain/attribution.ts'
import { verify } from '../../../src/facade/verify.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

let stage: Stage

afterEach(async () => {
  await stage.close()
})

async function volume(symbol: string, asOf: number | null = null): Promise<Volume> {
  const [outcome] = await stage.facade.warm.volumes([{ symbol, asOf }])
  if (outcome === undefined || !outcome.ok) throw outcome?.error
  return outcome.value
}

describe('24 h volume', () => {
  it('is agreed between the aggregators within its own bound of 15 %', async () => {
    stage = await openStage()
    stage.say('COINGECKO', 'BTC-USD', '100', '1000000')
    stage.say('COINPAPRIKA', 'BTC-USD', '100', '1040000')
    const answer = await volume('BTC-USD')
    expect(answer).toMatchObject({ value: '1020000', unit: 'USD', reconciliation: { verdict: 'ACCEPTED' } })
    expect(answer.reconciliation.policy.maxDeviationPercent).toBe(15)
  })

  it('is the exact sum of the venues in quote currency where the aggregators are apart', async () => {
    stage = await openStage()
    stage.say('COINGECKO', 'BTC-USD', '100', '1000000')
    stage.say('COINPAPRIKA', 'BTC-USD', '100', '2000000')
    stage.say('COINBASE', 'BTC-USD', '100.5', '10')
    stage.say('KRAKEN', 'BTC-USD', '100', '20.25')
    const { value, reconciliation, attribution } = await volume('BTC-USD')
    expect(value).toBe('3030.00')
    expect(reconciliation.verdict).toBe('DEGRADED')
    expect(reconciliation.used.map(({ source }) => source)).toEqual(['COINBASE', 'KRAKEN'])
    expect(reconciliation.dropped.map(({ source }) => source)).toEqual(['COINGECKO', 'COINPAPRIKA'])
    const record = await stage.facade.snapshot(attribution.snapshot?.id ?? '')
    if (!record.ok) throw record.error
    expect(verify(record.value.body, record.value.id)).toMatchObject({ ok: true, isRecalculated: true })
  })

  it('of a market quoted in tether counts tether, at the venues that list it', async () => {
    stage = await openStage()
    stage.say('COINBASE', 'BTC-USDT', '100', '1')
    stage.say('KRAKEN', 'BTC-USDT', '101', '2')
    const answer = await volume('BTC-USDT')
    expect(answer).toMatchObject({ value: '302', unit: 'USDT', reconciliation: { verdict: 'DEGRADED' } })
  })

  it('is kept for its class and recorded: the same bytes at the same past instant', async () => {
    stage = await openStage()
    const first = await volume('ETH-USD')
    expect(first.attribution.cache).toMatchObject({ status: 'MISS', ttlSeconds: 120 })
    stage.clock.advance(119_000)
    expect((await volume('ETH-USD')).attribution.cache?.status).toBe('HIT')
    const past = await volume('ETH-USD', stage.clock.now() - 60_000)
    expect(past.value).toBe(first.value)
    expect(past.attribution.snapshot).toEqual(first.attribution.snapshot)
    expect(stage.facade.health().cache.classes.find(({ name }) => name === 'volumes_vadr')).toMatchObject({
      hitsTotal: 1,
      missesTotal: 1,
      hitRate: 0.5,
    })
  })
})
