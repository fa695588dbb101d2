/** Who may speak for what: configuration narrows it, and the facade says so before anybody is asked. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { DERIVATIVES_VENUES, VENUES } from '../../../src/domain/market.ts'
import type { Venue } from '../../../src/domain/market.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

let stage: Stage

afterEach(async () => {
  await stage.close()
})

const narrowed = (config: Config): Config => ({
  ...config,
  authority: {
    microstructure: ['COINBASE'],
    pricePrimary: ['COINGECKO', 'COINPAPRIKA'],
    priceFallback: ['KRAKEN'],
    derivatives: [],
  },
})

const NO = { ok: false, error: { code: 'NOT_AUTHORITATIVE' } }

describe('a source configuration does not let speak', () => {
  it('is refused for books, liquidity, surge and derivatives, and nobody is asked', async () => {
    stage = await openStage({ change: narrowed })
    const { warm } = stage.facade
    const before = { ...stage.counts }
    const symbol = 'BTC-USD'
    for (const venue of VENUES.filter((each): each is Venue => each !== 'COINBASE')) {
      expect(await warm.book({ symbol, venue, depth: 5, asOf: null })).toMatchObject(NO)
      expect((await warm.liquidity([{ symbol, venue, withinPercent: 2, asOf: null }]))[0]).toMatchObject(NO)
      expect(await warm.consolidatedBook({ symbol, depth: 5, venues: [venue] })).toMatchObject(NO)
    }
    for (const venue of VENUES.filter((each) => each !== 'KRAKEN')) {
      expect((await warm.vadr([{ symbol, venue, asOf: null }]))[0]).toMatchObject(NO)
    }
    for (const venue of DERIVATIVES_VENUES) {
      expect((await warm.funding([{ symbol, venue, asOf: null }]))[0]).toMatchObject(NO)
      expect((await warm.openInterest([{ symbol, venue, asOf: null }]))[0]).toMatchObject(NO)
    }
    expect(stage.counts).toEqual(before)
  })

  it('is neither asked for a price nor shown in the evidence', async () => {
    stage = await openStage({ change: narrowed })
    stage.say('COINPAPRIKA', 'BTC-USD', '120')
    const before = { ...stage.counts }
    const [outcome] = await stage.facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    if (!outcome?.ok) throw new Error('no price')
    const { used, dropped } = outcome.value.reconciliation
    expect([...used, ...dropped].map(({ source }) => source).toSorted()).toEqual([
      'COINGECKO',
      'COINPAPRIKA',
      'KRAKEN',
    ])
    expect(stage.counts.COINBASE).toBe(before.COINBASE)
  })
})

describe('an argument out of bounds', () => {
  it('is named with its limit', async () => {
    stage = await openStage()
    const { warm } = stage.facade
    const at = { symbol: 'BTC-USD', venue: 'COINBASE' as const, asOf: null }
    expect(await warm.book({ ...at, depth: 0 })).toMatchObject({
      ok: false,
      error: { code: 'BAD_USER_INPUT', facts: { argument: 'depth' } },
    })
    const [outcome] = await warm.liquidity([{ ...at, withinPercent: -1 }])
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'BAD_USER_INPUT', facts: { argument: 'withinPercent' } },
    })
  })
})
