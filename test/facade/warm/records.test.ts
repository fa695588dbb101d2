/** What the facade records can be checked without it: every kind, from its own inputs. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Attribution } from '../../../src/domain/attribution.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { verify } from '../../../src/facade/verify.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

let sim: Simulated

beforeAll(async () => {
  sim = await startSimulated({ symbols: ['BTC-USD', 'ADA-USD', 'USDT-USD', 'ADA-USDT'] })
})
afterAll(async () => {
  await sim.close()
})

interface Attributed {
  readonly attribution: Attribution
}

/** True when the record also re-runs, false when there is nothing to run. One flipped digit must fail. */
async function recalculates(outcome: Outcome<Attributed> | undefined): Promise<boolean> {
  if (!outcome?.ok) throw outcome?.error ?? new Error('no outcome')
  const id = outcome.value.attribution.snapshot?.id ?? ''
  const record = await sim.facade.snapshot(id)
  if (!record.ok) throw record.error
  const verified = verify(record.value.body, id)
  if (!verified.ok) throw new Error(verified.problem)
  const at = record.value.body.lastIndexOf('1')
  const flipped = `${record.value.body.slice(0, at)}2${record.value.body.slice(at + 1)}`
  if (verify(flipped, id).ok) throw new Error('a flipped digit passed')
  return verified.isRecalculated
}

it('re-runs prices, volumes, candles and surges to the bytes they were recorded with', async () => {
  const { warm } = sim.facade
  expect(await recalculates((await warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }]))[0])).toBe(
    true,
  )
  expect(await recalculates((await warm.prices([{ symbol: 'ADA-USDT', method: null, asOf: null }]))[0])).toBe(
    true,
  )
  expect(await recalculates((await warm.volumes([{ symbol: 'BTC-USD', asOf: null }]))[0])).toBe(true)
  expect(await recalculates((await warm.volumes([{ symbol: 'ADA-USDT', asOf: null }]))[0])).toBe(true)
  expect(await recalculates((await warm.vadr([{ symbol: 'ADA-USD', venue: 'KRAKEN', asOf: null }]))[0])).toBe(
    true,
  )
  const request = { symbol: 'ADA-USD', interval: 'M5' as const, last: 60, before: null, asOf: null }
  expect(await recalculates(await warm.klines(request))).toBe(true)
})

it('re-hashes funding, open interest and books, which are one venue’s own words', async () => {
  const { warm } = sim.facade
  expect(await recalculates((await warm.funding([{ symbol: 'BTC-USD', venue: 'OKX', asOf: null }]))[0])).toBe(
    false,
  )
  expect(
    await recalculates((await warm.openInterest([{ symbol: 'BTC-USD', venue: 'OKX', asOf: null }]))[0]),
  ).toBe(false)
  expect(
    await recalculates(await warm.book({ symbol: 'ADA-USD', venue: 'COINBASE', depth: 5, asOf: null })),
  ).toBe(false)
})
