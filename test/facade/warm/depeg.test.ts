/**
 * Two worlds from one seed, the same in everything but that in one of them tether has lost 3 %: what a trader of
 * dollars sees must not differ, but for the last digits of a conversion.
 */
import { afterEach, expect, it } from 'vitest'
import type { Price } from '../../../src/domain/attribution.ts'
import { SOURCES } from '../../../src/domain/market.ts'
import { TestClock } from '../../support/clock.ts'
import { printFigure } from '../../support/figure.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const START = Date.UTC(2026, 0, 5, 12)
const LOST = 0.97

let worlds: readonly Simulated[] = []
afterEach(async () => {
  await Promise.all(worlds.map((world) => world.close()))
})

async function openWorlds(hotSymbols: readonly string[]): Promise<readonly [Simulated, Simulated]> {
  const open = () =>
    startSimulated({
      symbols: ['BTC-USD', 'BTC-USDT', 'USDT-USD'],
      hotSymbols,
      turned: new TestClock(START),
      // Everyone is heard, so that the converted ones weigh in.
      change: (config) => ({
        ...config,
        authority: { ...config.authority, pricePrimary: SOURCES, priceFallback: [] },
      }),
    })
  const [usual, depegged] = await Promise.all([open(), open()])
  worlds = [usual, depegged]
  depegged.simulation.fault({ kind: 'depeg', factor: LOST })
  return [usual, depegged]
}

async function price(world: Simulated, symbol = 'BTC-USD'): Promise<Price> {
  const [outcome] = await world.facade.warm.prices([{ symbol, method: null, asOf: null }])
  if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome')
  return outcome.value
}

const apart = (a: string | null, b: string | null): number => Math.abs(Number(a) / Number(b) - 1)
const quoteOf = ({ reconciliation }: Price, source: string) =>
  reconciliation.used.find((each) => each.source === source)

it('a dollar price from tables is the same, and its evidence shows the rate it was converted at', async () => {
  const [usual, depegged] = await openWorlds([])
  let most = 0
  for (let round = 0; round < 20; round += 1) {
    const [ours, theirs] = [await price(usual), await price(depegged)]
    expect(theirs.reconciliation.verdict).toBe('ACCEPTED')
    expect(theirs.reconciliation.used.map(({ source }) => source)).toEqual(
      ours.reconciliation.used.map(({ source }) => source),
    )
    most = Math.max(most, apart(theirs.value, ours.value))
    for (const source of ['BINANCE', 'OKX']) {
      const [before, after] = [quoteOf(ours, source), quoteOf(theirs, source)]
      expect(after?.conversion?.symbol).toBe('USDT-USD')
      expect(apart(after?.conversion?.rate ?? null, before?.conversion?.rate ?? null)).toBeCloseTo(
        1 - LOST,
        4,
      )
      expect(apart(after?.value ?? null, before?.value ?? null)).toBeLessThan(1e-4)
    }
    for (const world of worlds) world.advance(31_000)
  }
  printFigure(
    `tether at ${LOST}: BTC-USD differs from its twin by ${(most * 1e6).toFixed(2)} millionths at most`,
  )
  expect(most).toBeLessThan(5e-5)
  // And the tether market itself does show it.
  expect(
    apart((await price(depegged, 'BTC-USDT')).value, (await price(usual, 'BTC-USDT')).value),
  ).toBeCloseTo(1 / LOST - 1, 3)
})

it('a dollar price from live books is the same too', async () => {
  const [usual, depegged] = await openWorlds(['BTC-USD', 'BTC-USDT'])
  const isLive = (world: Simulated) =>
    ['BTC-USD', 'BTC-USDT', 'USDT-USD'].every((symbol) => {
      const mids = world.facade.hot.mids(symbol)
      return mids.length > 0 && mids.every(({ state }) => state === 'LIVE')
    })
  const turn = async () => {
    for (const world of worlds) world.advance(100)
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  for (let turns = 0; !worlds.every(isLive); turns += 1) {
    if (turns > 500) throw new Error('books never came into step')
    await turn()
  }
  let most = 0
  for (let round = 0; round < 6; round += 1) {
    for (let step = 0; step < 50; step += 1) await turn()
    const [ours, theirs] = [await price(usual), await price(depegged)]
    expect(quoteOf(theirs, 'BINANCE')?.conversion?.symbol).toBe('USDT-USD')
    expect(theirs.reconciliation.used).toHaveLength(6)
    most = Math.max(most, apart(theirs.value, ours.value))
  }
  printFigure(`the same from live books: ${(most * 1e6).toFixed(2)} millionths`)
  expect(most).toBeLessThan(2e-4)
})
