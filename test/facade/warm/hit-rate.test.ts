/** An hour of a steady watchlist, one query a second, as the clock is turned. */
import { expect, it } from 'vitest'
import { printFigure } from '../../support/figure.ts'
import { openStage } from './stage.ts'

it('answers a steady watchlist from the cache more than 85 % of the time', async () => {
  const symbols = ['USDT-USD', 'BTC-USD', 'ETH-USD', ...Array.from({ length: 17 }, (_, at) => `C${at}-USD`)]
  const stage = await openStage({ symbols, hotSymbols: ['BTC-USD', 'ETH-USD'] })
  const before = { ...stage.counts }
  const asked = symbols.map((symbol) => ({ symbol, method: null, asOf: null }))
  for (let second = 0; second < 3_600; second += 1) {
    const [priced, traded] = await Promise.all([
      stage.facade.warm.prices(asked),
      second % 10 === 0 ? stage.facade.warm.volumes(asked) : [],
    ])
    expect([...priced, ...traded].every(({ ok }) => ok)).toBe(true)
    stage.clock.advance(1_000)
  }
  const { cache } = stage.facade.health()
  for (const { name, hitRate, hitsTotal, missesTotal } of cache.classes) {
    if (hitRate === null) continue
    printFigure(`${name.padEnd(13)} ${(hitRate * 100).toFixed(1)} % of ${hitsTotal + missesTotal}`)
    expect(hitRate).toBeCloseTo(hitsTotal / (hitsTotal + missesTotal), 12)
  }
  await stage.close()
  printFigure(`warm hit rate over an hour: ${((cache.hitRate ?? 0) * 100).toFixed(1)} %`)
  expect(cache.hitRate).toBeGreaterThan(0.85)
  // 120 refreshes of half a minute, give or take one at the end.
  expect(stage.counts.COINGECKO - before.COINGECKO).toBeLessThanOrEqual(125)
})
