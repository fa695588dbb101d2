import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveBook } from '../../src/domain/book.ts'
import { consolidate, type VenueTop } from '../../src/domain/consolidate.ts'
import { compare, sum } from '../../src/domain/decimal.ts'
import type { LevelChange } from '../../src/domain/event.ts'
import { VENUES, type Venue } from '../../src/domain/market.ts'
import { delta, snapshot } from './captures.ts'

const top = (venue: Venue, bids: readonly LevelChange[], asks: readonly LevelChange[] = []): VenueTop => ({
  venue,
  bids: bids.map(([price, size]) => ({ price, size })),
  asks: asks.map(([price, size]) => ({ price, size })),
})

describe('the merged book', () => {
  it('makes one level of prices that are equal in other digits, in the spelling of the first venue', () => {
    const kraken = top('KRAKEN', [['100.10', '1.5']])
    const okx = top('OKX', [
      ['100.1', '0.25'],
      ['100.0', '3'],
    ])
    expect(consolidate([kraken, okx], 5).bids).toEqual([
      {
        price: '100.10',
        size: '1.75',
        venues: [
          { venue: 'KRAKEN', size: '1.5' },
          { venue: 'OKX', size: '0.25' },
        ],
      },
      { price: '100.0', size: '3', venues: [{ venue: 'OKX', size: '3' }] },
    ])
  })

  it('adds sizes exactly', () => {
    const merged = consolidate([top('OKX', [['1', '0.1']]), top('KRAKEN', [['1', '0.2']])], 1)
    expect(merged.bids[0]!.size).toBe('0.3')
  })

  it('shows that one venue bids above what another asks', () => {
    const high = top('COINBASE', [['101', '1']], [['103', '1']])
    const low = top('KRAKEN', [['99', '1']], [['100', '1']])
    const merged = consolidate([high, low], 5)
    expect(merged.isCrossed).toBe(true)
    expect(merged.bids[0]!.price).toBe('101')
    expect(merged.asks[0]!.price).toBe('100')
    expect(consolidate([low], 5).isCrossed).toBe(false)
  })

  it('is empty where nobody has a book', () => {
    expect(consolidate([], 5)).toEqual({ bids: [], asks: [], isCrossed: false })
  })
})

const price = fc
  .integer({ min: 1, max: 30 })
  .chain((at) => fc.constantFrom(`${at}.1`, `${at}.10`, `${at}.100`))
const size = fc.oneof(
  fc.constant('0'),
  fc.integer({ min: 1, max: 999 }).map((units) => `0.${units}`),
)
const change = fc.tuple(fc.constantFrom(...VENUES), price, size)

describe('against a model that adds everything up from scratch', () => {
  it('is equal after every delta of a random stream over four venues', () => {
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 12 }),
        (deltas, depth) => {
          const books = VENUES.map((venue) => ({ venue, book: new LiveBook({ kind: 'connectionSequence' }) }))
          for (const { book } of books) book.apply(snapshot('X', [], [], null))
          const model = new Map<string, Map<Venue, string>>()
          for (const [venue, at, much] of deltas) {
            books.find((one) => one.venue === venue)!.book.apply(delta('X', [[at, much]], [], {}))
            const key = String(Number(at))
            const level = model.get(key) ?? new Map<Venue, string>()
            if (much === '0') level.delete(venue)
            else level.set(venue, much)
            if (level.size === 0) model.delete(key)
            else model.set(key, level)
            const merged = consolidate(
              books.map((one) => ({ venue: one.venue, ...one.book.top(depth) })),
              depth,
            )
            const expected = [...model].sort(([a], [b]) => Number(b) - Number(a)).slice(0, depth)
            expect(merged.bids).toHaveLength(expected.length)
            expected.forEach(([expectedPrice, venues], index) => {
              const shown = merged.bids[index]!
              expect(compare(shown.price, expectedPrice)).toBe(0)
              expect(compare(shown.size, sum([...venues.values()]))).toBe(0)
              expect(new Map(shown.venues.map((one) => [one.venue, one.size]))).toEqual(venues)
            })
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
