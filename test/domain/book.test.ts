import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveBook } from '../../src/domain/book.ts'
import { bookDifference } from '../../src/domain/book-difference.ts'
import { bookChecksum, crc32, krakenChecksum } from '../../src/domain/crc32.ts'
import type { LevelChange } from '../../src/domain/event.ts'
import { delta, snapshot } from './captures.ts'

const BIDS: readonly LevelChange[] = [
  ['100.1', '1'],
  ['100.0', '2'],
]
const ASKS: readonly LevelChange[] = [
  ['100.2', '3'],
  ['100.3', '4'],
]
const range = (
  first: number,
  last: number,
  bids: readonly LevelChange[] = [],
  asks: readonly LevelChange[] = [],
) => delta('BTCUSDT', bids, asks, { first, last })
const chained = (previous: number, last: number, bids: readonly LevelChange[] = []) =>
  delta('BTC-USDT', bids, [], { previous, last })
const shot = (sequence: number | null) => snapshot('BTCUSDT', BIDS, ASKS, sequence)

describe('a book joined to a REST snapshot by ranges', () => {
  it('buffers deltas until the snapshot, drops the old ones and goes on behind it', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    expect(book.needsSnapshot).toBe(true)
    expect(book.apply(range(8, 9, [['100.0', '9']]))).toBe('buffered')
    expect(book.apply(range(10, 12, [['100.0', '5']]))).toBe('buffered')
    expect(book.join(shot(9))).toBe('applied')
    expect(book.top(5).bids).toEqual([
      { price: '100.1', size: '1' },
      { price: '100.0', size: '5' },
    ])
    expect(book).toMatchObject({ isSynced: true, needsSnapshot: false, sequence: '12' })
  })

  it('accepts a first delta that begins before the snapshot and ends behind it', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.apply(range(5, 15, [['100.1', '7']]))
    expect(book.join(shot(9))).toBe('applied')
    expect(book.bestBid).toEqual({ price: '100.1', size: '7' })
  })

  it('asks for a newer snapshot when the one that came is older than the buffer', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.apply(range(20, 21))
    expect(book.join(shot(18))).toBe('ignored')
    expect(book.needsSnapshot).toBe(true)
    expect(book.join(shot(19))).toBe('applied')
  })

  it('empties at the very message that shows the gap, and keeps that message for the next snapshot', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.join(shot(9))
    expect(book.apply(range(10, 10))).toBe('applied')
    expect(book.apply(range(12, 12, [['100.1', '8']]))).toBe('gap')
    expect(book.reason).toBe('ids 11 to 11 never came')
    expect(book).toMatchObject({ isSynced: false, levels: { bids: 0, asks: 0 }, bestBid: null })
    expect(book.join(shot(11))).toBe('applied')
    expect(book.bestBid?.size).toBe('8')
  })

  it('notices a hole among the deltas that wait', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.apply(range(10, 10))
    expect(book.apply(range(12, 12))).toBe('gap')
    expect(book.join(shot(10))).toBe('ignored')
    expect(book.join(shot(11))).toBe('applied')
  })

  it('ignores a delta that comes twice', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.join(shot(9))
    expect(book.apply(range(10, 11, [['100.1', '2']]))).toBe('applied')
    expect(book.apply(range(10, 11, [['100.1', '2']]))).toBe('ignored')
  })
})

describe('a book of chained ids', () => {
  it('waits for the snapshot and then follows the chain', () => {
    const book = new LiveBook({ kind: 'chain' })
    expect(book.apply(chained(1, 2))).toBe('ignored')
    expect(book.apply(shot(10))).toBe('applied')
    expect(book.apply(chained(10, 17, [['100.1', '2']]))).toBe('applied')
    expect(book.apply(chained(17, 17))).toBe('ignored')
    expect(book.apply(chained(17, 18))).toBe('applied')
    expect(book.apply(chained(10, 17, [['100.1', '2']]))).toBe('gap')
    expect(book.isSynced).toBe(false)
  })

  it('goes on from a smaller id when the venue restarts its count', () => {
    const book = new LiveBook({ kind: 'chain' })
    book.apply(shot(100))
    expect(book.apply(chained(100, 3, [['100.1', '2']]))).toBe('applied')
    expect(book.apply(chained(3, 4))).toBe('applied')
  })

  it('does not take a restart it lost the way to for an old frame', () => {
    const book = new LiveBook({ kind: 'chain' })
    book.apply(shot(100))
    expect(book.apply(chained(105, 3))).toBe('gap')
  })

  it('ignores the same update twice in a row', () => {
    const book = new LiveBook({ kind: 'chain' })
    book.apply(shot(100))
    book.apply(chained(100, 101, [['100.1', '2']]))
    expect(book.apply(chained(100, 101, [['100.1', '2']]))).toBe('ignored')
    expect(book.isSynced).toBe(true)
  })
})

describe('a book under a checksum', () => {
  const asBook = (bids: readonly LevelChange[], asks: readonly LevelChange[]): number => {
    const levels = (side: readonly LevelChange[]) => side.map(([price, size]) => ({ price, size }))
    return krakenChecksum(levels(bids), levels(asks))
  }
  const open = (depth = 2) => {
    const book = new LiveBook({ kind: 'checksum', depth })
    const applied = book.apply({ ...shot(null), checksum: asBook(BIDS, ASKS) })
    return { book, applied }
  }

  it('accepts a thin book and applies entries in their order, delete and re-add in one message', () => {
    const { book, applied } = open(10)
    expect(applied).toBe('applied')
    const bids: readonly LevelChange[] = [
      ['100.1', '0.00000000'],
      ['99.0', '7'],
      ['100.1', '6'],
    ]
    const expected: readonly LevelChange[] = [
      ['100.1', '6'],
      ['100.0', '2'],
      ['99.0', '7'],
    ]
    expect(book.apply({ ...delta('BTC/USD', bids, [], {}), checksum: asBook(expected, ASKS) })).toBe(
      'applied',
    )
    expect(book.top(10).bids.map((level) => level.price)).toEqual(['100.1', '100.0', '99.0'])
  })

  it('forgets what is pushed out of the subscribed depth', () => {
    const { book } = open(2)
    const expected: readonly LevelChange[] = [['100.15', '1'], BIDS[0]!]
    const checksum = asBook(expected, ASKS)
    expect(book.apply({ ...delta('BTC/USD', [['100.15', '1']], [], {}), checksum })).toBe('applied')
    expect(book.levels.bids).toBe(2)
  })

  it('is empty and waiting after a checksum that does not agree, until the next snapshot', () => {
    const { book } = open()
    expect(book.apply({ ...delta('BTC/USD', [['100.15', '1']], [], {}), checksum: 1 })).toBe('gap')
    expect(book.reason).toContain('checksum')
    expect(book.apply({ ...delta('BTC/USD', [], [], {}), checksum: 1 })).toBe('ignored')
    expect(book.apply({ ...shot(null), checksum: asBook(BIDS, ASKS) })).toBe('applied')
  })
})

describe('a book of a counted connection', () => {
  it('is in doubt as soon as the connection lost a frame', () => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    book.apply(shot(null))
    expect(book.isSynced).toBe(true)
    book.connectionGap()
    expect(book.isSynced).toBe(false)
    expect(book.apply(delta('BTC-USD', [['100.1', '1']], [], {}))).toBe('ignored')
  })
})

describe('every book', () => {
  it('takes a crossed book for a gap, whatever its dance', () => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    book.apply(shot(null))
    expect(book.apply(delta('BTC-USD', [['100.20', '1']], [], {}))).toBe('gap')
    expect(book.reason).toBe('crossed: bid 100.20, ask 100.2')
  })

  it('deletes at size zero in any spelling, and does not mind deleting what it never had', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.join(shot(9))
    const bids: readonly LevelChange[] = [
      ['100.10', '0.00000000'],
      ['100.0', '0E-8'],
      ['55', '0'],
    ]
    expect(book.apply(range(10, 10, bids))).toBe('applied')
    expect(book.levels.bids).toBe(0)
  })

  it('does not serve a price that is no number', () => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    book.apply(shot(null))
    expect(book.apply(delta('BTC-USD', [['NaN', '1']], [], {}))).toBe('gap')
    expect(book.apply(snapshot('BTC-USD', [['1e400', '1']], [], null))).toBe('gap')
  })

  it('tells prices apart that are one floating-point number', () => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    book.apply(
      snapshot(
        'X',
        [
          ['0.12345678901234567891', '1'],
          ['0.12345678901234567890', '2'],
        ],
        [],
        null,
      ),
    )
    book.apply(delta('X', [['0.123456789012345678905', '3']], [], {}))
    expect(book.top(9).bids.map((level) => level.size)).toEqual(['1', '3', '2'])
  })

  it('answers the same top until one of its levels changes', () => {
    const book = new LiveBook({ kind: 'rangeJoin' })
    book.join(shot(9))
    const before = book.top(1)
    book.apply(range(10, 10, [['100.0', '7']]))
    expect(book.top(1)).toBe(before)
    expect(book.top(2)).not.toBe(before)
    book.apply(range(11, 11, [['100.1', '7']]))
    expect(book.top(1)).not.toBe(before)
    expect(before.bids).toEqual([{ price: '100.1', size: '1' }])
  })
})

const price = fc
  .integer({ min: 1, max: 60 })
  .chain((ticks) => fc.constantFrom(`${ticks}`, `${ticks}.0`, `${ticks}.00`))
const size = fc.oneof(fc.constantFrom('0', '0.000'), fc.integer({ min: 1, max: 9 }).map(String))
const stream = fc.array(fc.array(fc.tuple(price, size), { maxLength: 12 }), { minLength: 1, maxLength: 20 })

/** What a book is, as plainly as it can be said. */
const naive = () => {
  const levels = new Map<number, { price: string; size: string }>()
  return {
    set: ([at, much]: LevelChange): void => {
      const key = Number(at)
      if (Number(much) === 0) levels.delete(key)
      else levels.set(key, { price: at, size: much })
    },
    top: (depth: number) =>
      [...levels]
        .sort(([a], [b]) => b - a)
        .slice(0, depth)
        .map(([, level]) => level),
  }
}

describe('against a model that sorts from scratch', () => {
  it('holds the same levels after any stream of changes, and its differences lead from each top to the next', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 30 }), (deltas, depth) => {
        const book = new LiveBook({ kind: 'connectionSequence' })
        const model = naive()
        const client = naive()
        book.apply(snapshot('X', [], [], null))
        let before = book.top(depth)
        for (const changes of deltas) {
          book.apply(delta('X', changes, [], {}))
          for (const change of changes) model.set(change)
          const after = book.top(depth)
          expect(after.bids).toEqual(model.top(depth))
          for (const level of bookDifference(before, after).bids) client.set([level.price, level.size])
          expect(client.top(depth)).toEqual(after.bids)
          before = after
        }
      }),
      { numRuns: 300 },
    )
  })

  it('sorts a snapshot in any order, and a deep one', () => {
    const ticks = Array.from({ length: 500 }, (_, index) => ((index * 7919) % 500) + 1)
    const book = new LiveBook({ kind: 'connectionSequence' })
    book.apply(
      snapshot(
        'X',
        ticks.map((tick) => [`${tick}`, '1'] as const),
        [],
        null,
      ),
    )
    expect(book.top(500).bids.map((level) => Number(level.price))).toEqual(
      Array.from({ length: 500 }, (_, index) => 500 - index),
    )
    for (const tick of ticks) book.apply(delta('X', [[`${tick}`, tick % 2 === 0 ? '0' : '2']], [], {}))
    expect(book.top(500).bids).toHaveLength(250)
  })
})

describe('checksums', () => {
  it('computes the standard check value', () => {
    expect(crc32('123456789')).toBe(0xcbf43926)
  })

  it("writes the contract's text: bids then asks, best first, 25 a side, price:size joined by bars", () => {
    const bids = Array.from({ length: 30 }, (_, index) => ({
      price: `${100 - index}.5`,
      size: `${index + 1}`,
    }))
    const asks = Array.from({ length: 3 }, (_, index) => ({ price: `${101 + index}`, size: '0.50' }))
    const text = [...bids.slice(0, 25), ...asks].map((level) => `${level.price}:${level.size}`).join('|')
    expect(bookChecksum(bids, asks)).toBe(crc32(text))
    expect(bookChecksum([], asks)).toBe(crc32('101:0.50|102:0.50|103:0.50'))
    expect(bookChecksum([], [])).toBe(crc32(''))
  })
})
