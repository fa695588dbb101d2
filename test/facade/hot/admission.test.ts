import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/domain/errors.ts'
import { baseOf } from '../../../src/domain/market.ts'
import type { Source } from '../../../src/domain/market.ts'
import { createHot } from '../../../src/facade/hot.ts'
import { venues } from '../../../src/sources/index.ts'
import { TestClock } from '../../support/clock.ts'

/** BTC-USD is at the dollar venues, BTC-USDT everywhere; OKX is not allowed. */
function hot() {
  const symbols = ['BTC-USD', 'BTC-USDT']
  const listingAt = (symbol: string, source: Source) =>
    symbols.includes(symbol) && (symbol === 'BTC-USDT' || source === 'COINBASE' || source === 'KRAKEN')
      ? { source, symbol, spelling: baseOf(symbol) }
      : null
  return createHot({
    venues: [venues.BINANCE, venues.COINBASE, venues.KRAKEN],
    endpoints: (venue) => venues[venue].defaults,
    universe: {
      symbols,
      has: (symbol) => symbols.includes(symbol),
      isHot: () => true,
      listings: () => [],
      listingAt,
    },
    transport: () => ({
      send: async () => ({ ok: false, failure: { reason: 'UNAVAILABLE', message: '' } }),
    }),
    clock: new TestClock(),
    random: () => 0.5,
    hotSymbols: symbols,
    logger: { info: () => undefined, warn: () => undefined },
    reconcilePrice: () => null,
  })
}
const refusalOf = (outcome: Outcome<unknown>) =>
  outcome.ok ? null : { code: outcome.error.code, ...outcome.error.facts }

describe('a stream is refused before anything flows', () => {
  const book = { symbol: 'BTC-USDT', venue: 'KRAKEN', depth: 20, maxRate: null } as const

  it('for a symbol that is not in the universe', () => {
    expect(refusalOf(hot().book({ ...book, symbol: 'DOGE-USD' }))?.code).toBe('UNKNOWN_SYMBOL')
    const trades = hot().trades({ symbols: ['BTC-USD', 'DOGE-USD'], venues: null, after: null })
    expect(refusalOf(trades)?.code).toBe('UNKNOWN_SYMBOL')
    expect(refusalOf(hot().hotSubscribe(['DOGE-USD']))?.code).toBe('UNKNOWN_SYMBOL')
    expect(refusalOf(hot().prices({ symbols: ['DOGE-USD'], maxRate: null }))?.code).toBe('UNKNOWN_SYMBOL')
  })

  it('for a venue that does not list the market', () => {
    expect(refusalOf(hot().book({ ...book, symbol: 'BTC-USD', venue: 'BINANCE' }))?.code).toBe('NOT_LISTED')
    const bars = hot().bars({ symbols: ['BTC-USD'], venues: ['BINANCE'], interval: 'M1' })
    expect(refusalOf(bars)?.code).toBe('NOT_LISTED')
  })

  it('for a venue that configuration does not allow', () => {
    expect(refusalOf(hot().book({ ...book, venue: 'OKX' }))?.code).toBe('NOT_AUTHORITATIVE')
    const merged = hot().consolidatedBook({ symbol: 'BTC-USDT', depth: 5, venues: ['OKX'], maxRate: null })
    expect(refusalOf(merged)?.code).toBe('NOT_AUTHORITATIVE')
  })

  it.each([0, -1, 1.5, 1_001, Number.NaN])('for a depth of %s', (depth) => {
    const refusal = { code: 'BAD_USER_INPUT', argument: 'depth', limit: 1_000 }
    expect(refusalOf(hot().book({ ...book, depth }))).toEqual(refusal)
    expect(refusalOf(hot().bookDeltas({ ...book, depth, after: null }))).toEqual(refusal)
    expect(refusalOf(hot().consolidated('BTC-USDT', depth, null))).toEqual(refusal)
  })

  it.each([0, -1, 101, Number.NaN])('for a rate of %s a second', (maxRate) => {
    const refusal = { code: 'BAD_USER_INPUT', argument: 'maxRate', limit: 100 }
    expect(refusalOf(hot().book({ ...book, maxRate }))).toEqual(refusal)
    expect(refusalOf(hot().prices({ symbols: ['BTC-USD'], maxRate }))).toEqual(refusal)
  })

  it('for no symbols, no venues, and a cursor that is none', () => {
    const trades = { symbols: ['BTC-USDT'], venues: null, after: null }
    expect(refusalOf(hot().trades({ ...trades, symbols: [] }))?.argument).toBe('symbols')
    expect(refusalOf(hot().trades({ ...trades, venues: [] }))?.argument).toBe('venues')
    expect(refusalOf(hot().trades({ ...trades, after: 'hello' }))?.argument).toBe('after')
    expect(refusalOf(hot().trades({ ...trades, after: 'old.7' }))?.code).toBe('RESUME_EXPIRED')
    expect(refusalOf(hot().bookDeltas({ ...book, after: 'old.7' }))?.code).toBe('RESUME_EXPIRED')
  })
})
