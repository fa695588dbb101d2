/** How far the facade trusts what it is told: who is independent of whom, in which currency, and for how long. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Price, Verdict } from '../../../src/domain/attribution.ts'
import type { Config } from '../../../src/config.ts'
import { reconcile } from '../../../src/domain/reconcile.ts'
import { printFigure } from '../../support/figure.ts'
import { openStage } from './stage.ts'
import type { Player, Stage, StageOptions } from './stage.ts'

let stage: Stage
afterEach(async () => {
  await stage.close()
})

const open = async (options: StageOptions = {}): Promise<Stage> => {
  stage = await openStage(options)
  return stage
}

async function price(symbol = 'BTC-USD'): Promise<Price> {
  const [outcome] = await stage.facade.warm.prices([{ symbol, method: null, asOf: null }])
  if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome')
  return outcome.value
}

/** Everybody is asked at once, none as a fallback. */
const all = (config: Config): Config => ({
  ...config,
  authority: {
    ...config.authority,
    pricePrimary: ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'],
    priceFallback: [],
  },
})
const SHARED = 'CoinGecko and CoinPaprika share one vote, as they average the same exchanges'
const silence = (...players: readonly Player[]) =>
  players.forEach((each) => stage.mood(each, { status: 503 }))

describe('two aggregators', () => {
  it('are enough for a warm price, and say that they share one vote', async () => {
    await open()
    const { reconciliation, attribution } = await price()
    expect(reconciliation.verdict).toBe('ACCEPTED')
    expect(attribution.text).toBe(`Median of CoinGecko and CoinPaprika; ${SHARED}`)
  })

  it('are worth less together than one of them with one exchange', async () => {
    await open({ change: all })
    silence('COINBASE', 'KRAKEN')
    const echo = await price()
    stage.clock.advance(31_000)
    for (const each of ['COINBASE', 'KRAKEN'] as const) stage.mood(each, null)
    silence('COINPAPRIKA', 'KRAKEN')
    const confirmed = await price()
    expect(echo.reconciliation.used).toHaveLength(2)
    expect(confirmed.reconciliation.used.map(({ source }) => source)).toEqual(['COINGECKO', 'COINBASE'])
    expect(echo.attribution.confidence).toBeLessThan(confirmed.attribution.confidence)
    expect(confirmed.attribution.text).not.toContain('share one vote')
  })

  it('without an exchange are at most DEGRADED for a hot symbol, whose price is given all the same', async () => {
    await open({ hotSymbols: ['BTC-USD'] })
    silence('COINBASE', 'KRAKEN')
    const { value, reconciliation, attribution } = await price()
    expect(value).toBe('100.00')
    expect(reconciliation.verdict).toBe('DEGRADED')
    expect(attribution.text).toBe(
      `Median of CoinGecko and CoinPaprika, degraded: no exchange confirms it; ${SHARED}; Coinbase and Kraken dropped, no answer`,
    )
  })
})

describe('every verdict', () => {
  const verdicts: readonly (readonly [Verdict, Partial<Record<Player, string>>, string])[] = [
    [
      'ACCEPTED',
      { COINGECKO: '100.1', COINPAPRIKA: '100', COINBASE: '100.2', KRAKEN: '101.8' },
      `Median of CoinGecko, CoinPaprika and Coinbase; ${SHARED}; Kraken dropped, 1.65 % from the median (limit 1 %)`,
    ],
    [
      'LOW_CONFIDENCE',
      { COINGECKO: '99.55', COINBASE: '100.45' },
      'No price: CoinGecko and Coinbase agree too loosely',
    ],
    [
      'CONFLICT',
      { COINGECKO: '100', COINBASE: '102.1' },
      'No price: CoinGecko says 100, Coinbase says 102.1; more than 1 % apart and no third to decide',
    ],
    [
      'TOO_FEW_SOURCES',
      { COINGECKO: '45000', COINBASE: '50000', KRAKEN: '40000' },
      'No price: only CoinGecko left, 2 wanted; CoinPaprika dropped, no answer; Coinbase and Kraken dropped, 11.11 % from the median (limit 1 %)',
    ],
  ]

  it.each(verdicts)('%s says in its sentence who was heard and why', async (verdict, said, text) => {
    await open({ change: all })
    for (const player of ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const) {
      const figure = said[player]
      if (figure === undefined) silence(player)
      else stage.say(player, 'BTC-USD', figure)
    }
    const { value, reconciliation, attribution } = await price()
    expect(reconciliation.verdict).toBe(verdict)
    expect(attribution.text.slice(0, text.length)).toBe(text)
    expect(value === null).toBe(verdict !== 'ACCEPTED')
  })
})

describe('a rate between two currencies', () => {
  /** Kraken and Coinbase quote the coin in tether alone. */
  const tether = async () => {
    await open({ symbols: ['BTC-USD', 'USDT-USD', 'BTC-USDT'], change: all })
    for (const player of ['COINBASE', 'KRAKEN'] as const) stage.say(player, 'BTC-USD', null)
    // Listings are renewed each hour.
    stage.clock.advance(3_600_000)
    for (let turn = 0; turn < 20; turn += 1) await stage.breathe()
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const player of ['COINBASE', 'KRAKEN'] as const) stage.say(player, 'BTC-USDT', '103.10')
  }
  const conversions = ({ reconciliation }: Price) =>
    reconciliation.used.flatMap(({ source, conversion, value }) =>
      conversion === null ? [] : [[source, conversion.symbol, conversion.rate, value]],
    )

  it('is itself agreed: one who is wrong about it does not move it', async () => {
    await tether()
    for (const player of ['COINGECKO', 'COINBASE', 'KRAKEN'] as const) stage.say(player, 'USDT-USD', '0.97')
    stage.say('COINPAPRIKA', 'USDT-USD', '0.80')
    const answer = await price()
    expect(conversions(answer)).toEqual([
      ['COINBASE', 'USDT-USD', '0.97', '100.007'],
      ['KRAKEN', 'USDT-USD', '0.97', '100.007'],
    ])
    expect(answer.attribution.text).toContain('Coinbase and Kraken converted from USDT at 0.97 USD')
  })

  it('that nobody agrees on converts nothing: the source is out, not taken at par', async () => {
    await tether()
    silence('COINPAPRIKA')
    stage.say('COINGECKO', 'USDT-USD', '0.90')
    stage.say('COINBASE', 'USDT-USD', '0.97')
    stage.say('KRAKEN', 'USDT-USD', '1.05')
    const { reconciliation } = await price()
    expect(reconciliation.used.map(({ source }) => source)).not.toContain('KRAKEN')
    expect(reconciliation.dropped).toContainEqual(
      expect.objectContaining({ source: 'KRAKEN', reason: 'UNAVAILABLE' }),
    )
  })
})

describe('a noisy source at the bound', () => {
  it('changes sides a few times an hour and a half, not hundreds', async () => {
    await open({ change: all })
    let state = 42
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
    let [flips, forgetful] = [0, 0]
    let [was, wouldHaveBeen]: (boolean | null)[] = [null, null]
    for (let round = 0; round < 400; round += 1) {
      const noise = (random() + random() + random() - 1.5) * 0.25
      stage.say('COINGECKO', 'BTC-USD', (101 + noise).toFixed(3))
      stage.clock.advance(31_000)
      const { attribution, reconciliation } = await price()
      const is = reconciliation.used.some(({ source }) => source === 'COINGECKO')
      const record = await stage.facade.snapshot(attribution.snapshot?.id ?? '')
      if (!record.ok) throw record.error
      const { claims, policy } = JSON.parse(record.value.body).inputs
      const bare = reconcile(claims, { ...policy, wasDropped: [] })
      const wouldBe = bare.reconciliation.used.some(({ source }) => source === 'COINGECKO')
      if (was !== null && was !== is) flips += 1
      if (wouldHaveBeen !== null && wouldHaveBeen !== wouldBe) forgetful += 1
      ;[was, wouldHaveBeen] = [is, wouldBe]
    }
    printFigure(
      `a source at the bound, 400 prices: in or out changed ${flips} times; without memory ${forgetful}`,
    )
    expect(forgetful).toBeGreaterThan(100)
    expect(flips).toBeLessThanOrEqual(3)
  })
})
