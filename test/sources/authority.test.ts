/** Who may speak for what, as types: what a source cannot answer it has no method for. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { AGGREGATORS, DERIVATIVES_VENUES, SOURCES, VENUES } from '../../src/domain/market.ts'
import type { Aggregator, DerivativesVenue, Source, Venue } from '../../src/domain/market.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import type { AggregatorSource, AnySource, DerivativesSource, VenueSource } from '../../src/sources/source.ts'

const MICROSTRUCTURE = ['stream', 'depth', 'recentTrades', 'candles'] as const
const sourceOf = (id: Source): AnySource => ({ ...venues, ...aggregators })[id]

/** Six sources, three kinds. */
const MAY_SPEAK: readonly (readonly [Source, boolean, boolean, boolean])[] = [
  ['BINANCE', true, true, true],
  ['OKX', true, true, true],
  ['COINBASE', true, true, false],
  ['KRAKEN', true, true, true],
  ['COINGECKO', false, true, false],
  ['COINPAPRIKA', false, true, false],
]

describe('authority', () => {
  it('is spelt out for every source', () => {
    expect(MAY_SPEAK.map(([id]) => id)).toEqual(SOURCES)
  })

  it.each(MAY_SPEAK)('%s on microstructure: %s', (id, may) => {
    for (const method of MICROSTRUCTURE) expect(method in sourceOf(id)).toBe(may)
  })

  it.each(MAY_SPEAK)('%s on price and volume: %s, %s', (id, _, may) => {
    expect('quotes' in sourceOf(id)).toBe(may)
  })

  it.each(MAY_SPEAK)('%s on derivatives: %s, %s, %s', (id, _, __, may) => {
    expect('derivatives' in sourceOf(id)).toBe(may)
  })

  it('does not compile to ask an aggregator for a book, a trade, a candle or a funding rate', () => {
    expectTypeOf<AggregatorSource>().toHaveProperty('quotes')
    expectTypeOf<
      Extract<keyof AggregatorSource, (typeof MICROSTRUCTURE)[number] | 'derivatives'>
    >().toEqualTypeOf<never>()
    expectTypeOf<AggregatorSource>().not.toExtend<VenueSource>()
    expectTypeOf<Aggregator>().not.toExtend<Venue>()
  })

  it('does not compile to call a venue without perpetuals a derivatives venue', () => {
    expectTypeOf<DerivativesVenue>().toExtend<Venue>()
    expectTypeOf<'COINBASE'>().not.toExtend<DerivativesVenue>()
    expectTypeOf<DerivativesSource['id']>().toEqualTypeOf<DerivativesVenue>()
  })

  it('keeps the lists and the records in step', () => {
    expect(Object.keys(venues)).toEqual(VENUES)
    expect(Object.keys(aggregators)).toEqual(AGGREGATORS)
    const speaking = VENUES.filter((id) => venues[id].derivatives !== undefined)
    expect(speaking).toEqual(DERIVATIVES_VENUES)
    for (const id of speaking) expect(venues[id].derivatives?.id).toBe(id)
  })
})
