import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createTapeOrder, readCursor } from '../../../src/facade/hot/cursor.ts'
import { Tape } from '../../../src/facade/hot/tape.ts'
import type { Print } from '../../../src/facade/hot/tape.ts'
import type { TradeEvent } from '../../../src/domain/event.ts'

const trade = (id: number, isBackfill = false): TradeEvent => ({
  kind: 'trade',
  spelling: 'BTCUSDT',
  id: String(id),
  price: '100.10',
  size: '0.5',
  takerSide: 'BUY',
  executedAt: 1_000 + id,
  isBackfill,
})
const recent = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => trade(from + index, true))

function tapeOf(options: { isDense?: boolean; capacity?: number } = {}) {
  const told: Print[] = []
  const order = createTapeOrder('e1')
  let holes = 0
  const tape = new Tape({
    order,
    isDense: options.isDense ?? true,
    capacity: options.capacity ?? 100,
    publish: (print) => void told.push(print),
    holed: () => void (holes += 1),
  })
  return {
    tape,
    order,
    told,
    ids: () => told.map((print) => Number(print.event.id)),
    sequences: () => told.map((print) => print.sequence),
    holes: () => holes,
  }
}

describe('the trades of one market', () => {
  it('tells each trade once, in a dense sequence', () => {
    const { tape, ids, sequences } = tapeOf()
    for (const id of [7, 8, 8, 9, 7]) tape.take(trade(id), 0)
    expect(ids()).toEqual([7, 8, 9])
    expect(sequences()).toEqual([1, 2, 3])
    expect(tape.duplicates).toBe(2)
  })

  it('never tells the old trades a venue sends on subscribing as news', () => {
    const { tape, ids } = tapeOf()
    for (const old of recent(1, 50)) tape.take(old, 0)
    tape.take(trade(50), 0)
    tape.take(trade(51), 0)
    expect(ids()).toEqual([51])
  })

  it('fills what a lost link hid before it tells what came after', () => {
    const { tape, ids, sequences } = tapeOf({ isDense: false })
    tape.take(trade(1), 0)
    tape.take(trade(2), 0)
    tape.interrupt()
    tape.take(trade(7), 0)
    expect(ids()).toEqual([1, 2])
    tape.mend(recent(1, 6), 0)
    expect(ids()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(sequences()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(tape.lost).toBe(0)
  })

  it('needs no request when the trades sent on subscribing already reach back', () => {
    const { tape, ids, sequences } = tapeOf()
    tape.take(trade(1), 0)
    tape.interrupt()
    for (const old of recent(1, 4)) tape.take(old, 0)
    tape.take(trade(5), 0)
    tape.mend(null, 0)
    expect(ids()).toEqual([1, 2, 3, 4, 5])
    expect(sequences()).toEqual([1, 2, 3, 4, 5])
  })

  it('goes straight on when the first trade after a lost link follows the last one before it', () => {
    const { tape, ids } = tapeOf()
    tape.take(trade(1), 0)
    tape.interrupt()
    tape.take(trade(2), 0)
    expect(ids()).toEqual([1, 2])
    expect(tape.isHoled).toBe(false)
  })

  it('shows what could not be filled as a hole of exactly that many trades', () => {
    const { tape, ids, sequences } = tapeOf()
    tape.take(trade(1), 0)
    tape.interrupt()
    tape.mend(recent(5, 6), 0)
    tape.take(trade(7), 0)
    expect(ids()).toEqual([1, 5, 6, 7])
    expect(sequences()).toEqual([1, 5, 6, 7])
    expect(tape.lost).toBe(3)
  })

  it('shows a possible loss as a hole where the venue does not number its trades densely', () => {
    const { tape, sequences } = tapeOf({ isDense: false })
    tape.take(trade(10), 0)
    tape.interrupt()
    tape.take(trade(90), 0)
    tape.mend(null, 0)
    expect(sequences()).toEqual([1, 3])
  })

  it('asks for a skipped trade, and not when two frames only changed places', () => {
    const swapped = tapeOf()
    for (const id of [1, 3, 2, 4]) swapped.tape.take(trade(id), 0)
    expect(swapped.ids()).toEqual([1, 2, 3, 4])
    expect(swapped.tape.isHoled).toBe(false)

    const skipped = tapeOf()
    for (const id of [1, 3, 4]) skipped.tape.take(trade(id), 0)
    expect(skipped.holes()).toBe(1)
    skipped.tape.mend(recent(1, 4), 0)
    expect(skipped.ids()).toEqual([1, 2, 3, 4])
  })

  it('takes several fills told as one trade for what they are: nothing skipped, and none told again by itself', () => {
    const { tape, ids, sequences, holes } = tapeOf()
    tape.take(trade(1), 0)
    tape.take({ ...trade(4), fills: 3 }, 0)
    tape.take(trade(5), 0)
    expect([ids(), holes()]).toEqual([[1, 4, 5], 0])

    tape.interrupt()
    tape.take({ ...trade(9), fills: 2 }, 0)
    tape.mend(recent(2, 9), 0)
    tape.take({ ...trade(12), fills: 2 }, 0)
    tape.mend(null, 0)
    expect(ids()).toEqual([1, 4, 5, 6, 7, 9, 12])
    // One fill, 10, was never seen: one number is missing.
    expect(sequences()).toEqual([1, 2, 3, 4, 5, 6, 8])
    expect([holes(), tape.lost]).toEqual([1, 1])
  })

  it('resumes behind any number still held, and says so when it is not', () => {
    const { tape, told } = tapeOf({ capacity: 4 })
    for (let id = 1; id <= 10; id += 1) tape.take(trade(id), 0)
    expect(tape.since(told[7]?.number ?? 0)?.map((print) => print.event.id)).toEqual(['9', '10'])
    expect(tape.since(told[5]?.number ?? 0)?.length).toBe(4)
    expect(tape.since(told[4]?.number ?? 0)).toBeNull()
    expect(tape.since(told[9]?.number ?? 0)).toEqual([])
  })

  it('loses nothing and tells nothing twice through a thousand random disconnects', () => {
    const faults = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 6 }), fc.nat({ max: 3 })), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(faults, fc.boolean(), (rounds, isDense) => {
        const { tape, ids, sequences } = tapeOf({ isDense, capacity: 10_000 })
        let id = 0
        for (const [heard, missed, early] of [[1, 0, 0] as const, ...rounds]) {
          for (let n = 0; n < heard; n += 1) tape.take(trade(++id), 0)
          tape.interrupt()
          id += missed
          for (let n = 0; n < early; n += 1) tape.take(trade(++id), 0)
          if (tape.isHoled) tape.mend(recent(Math.max(1, id - 60), id), 0)
        }
        expect(ids()).toEqual(Array.from({ length: id }, (_, index) => index + 1))
        expect(sequences()).toEqual(ids())
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a cursor', () => {
  const earliest = () => 'now.5'
  it('is refused when it came from another process', () => {
    const outcome = readCursor('then.7', 'now', earliest)
    expect(!outcome.ok && [outcome.error.code, outcome.error.facts.earliest]).toEqual([
      'RESUME_EXPIRED',
      'now.5',
    ])
  })
  it('is bad input when it is no cursor at all', () => {
    const outcome = readCursor('hello', 'now', earliest)
    expect(!outcome.ok && outcome.error.code).toBe('BAD_USER_INPUT')
  })
})
