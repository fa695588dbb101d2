/** Who may speak for what: configuration narrows it, and the facade says so before anybody is asked. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import type { Config } from '../../../src/config.ts'
import { DATA_KINDS, DERIVATIVES_VENUES, SOURCES, VENUES } from '../../../src/domain/market.ts'
import type { DerivativesVenue, Source, Venue } from '../../../src/domain/market.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

let stage: Stage | null = null

afterEach(async () => {
  await stage?.close()
  stage = null
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

/** Six sources, three kinds: whether the source may speak at all, whatever configuration says. */
const COMBINATIONS = SOURCES.flatMap((source) =>
  DATA_KINDS.map((kind) => {
    const isVenue = (VENUES as readonly Source[]).includes(source)
    const isDesk = (DERIVATIVES_VENUES as readonly Source[]).includes(source)
    const may = kind === 'price_volume' || (kind === 'microstructure' ? isVenue : isDesk)
    return { source, kind, may }
  }),
)

describe.each(COMBINATIONS)('$source for $kind', ({ source, kind, may }) => {
  it(may ? 'may be configured' : 'is refused at start, with file, key and cure', () => {
    const directory = mkdtempSync(join(tmpdir(), 'facade-authority-'))
    cpSync('config', directory, { recursive: true })
    const file = join(directory, 'data_sources.yaml')
    const lists = {
      microstructure: `{ allowed_sources: [${source.toLowerCase()}], banned_sources: [] }`,
      price_volume: `{ primary: [${source.toLowerCase()}], fallback: [], reconciliation_method: trimmed_median }`,
      derivatives: `{ allowed_sources: [${source.toLowerCase()}] }`,
    }
    const rest = DATA_KINDS.filter((each) => each !== kind).map((each) =>
      each === 'price_volume'
        ? `  ${each}: { primary: [kraken], fallback: [], reconciliation_method: trimmed_median }`
        : `  ${each}: { allowed_sources: [kraken]${each === 'microstructure' ? ', banned_sources: []' : ''} }`,
    )
    const authority = `authority:\n  ${kind}: ${lists[kind]}\n${rest.join('\n')}\n`
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/^authority:\n(?:[ \t]+.*\n)+/m, authority))
    const load = () => loadConfig({ CONFIG_DIR: directory })
    if (may) expect(load).not.toThrow()
    else {
      const key = `authority.${kind}.allowed_sources`
      const cure = `${source.toLowerCase()} cannot speak for ${kind}; remove it`
      expect(load).toThrow(`${file}: ${key} = ${source.toLowerCase()}: ${cure}`)
    }
    rmSync(directory, { recursive: true })
  })

  it(may ? 'answers when asked' : 'is refused when asked, though the types forbid asking', async () => {
    stage = await openStage()
    const { warm } = stage.facade
    const [venue, desk] = [source as Venue, source as DerivativesVenue]
    const at = { symbol: 'BTC-USD', asOf: null }
    // Two venues are switched off here, and nobody has perpetuals: neither is a question of authority.
    const isOff = source === 'BINANCE' || source === 'OKX'
    const asked = {
      microstructure: () => [
        warm.book({ ...at, venue, depth: 5 }),
        warm.liquidity([{ ...at, venue, withinPercent: 2 }]).then(([first]) => first),
        warm.consolidatedBook({ symbol: at.symbol, depth: 5, venues: [venue] }),
      ],
      price_volume: () => [
        warm.prices([{ ...at, method: null }]).then(([first]) => first),
        warm.volumes([at]).then(([first]) => first),
      ],
      derivatives: () => [
        warm.funding([{ ...at, venue: desk }]).then(([first]) => first),
        warm.openInterest([{ ...at, venue: desk }]).then(([first]) => first),
      ],
    }
    const before = { ...stage.counts }
    for (const outcome of await Promise.all(asked[kind]())) {
      if (!may || (isOff && kind !== 'price_volume')) {
        expect(outcome).toMatchObject({ ok: false, error: { code: 'NOT_AUTHORITATIVE' } })
      } else if (outcome?.ok === false) expect(outcome.error.code).not.toBe('NOT_AUTHORITATIVE')
    }
    if (!may) expect(stage.counts).toEqual(before)
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
