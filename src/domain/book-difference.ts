/** What turns one top into another: the deltas a reader of a bounded book needs, levels leaving and entering included. */
import type { Level } from './answer.ts'
import type { BookTop } from './book.ts'
import { compare } from './decimal.ts'
import { keyOf } from './price-key.ts'

/** Changed levels best first; a level that is no longer in the top has size "0". */
export const bookDifference = (before: BookTop, after: BookTop): BookTop => ({
  bids: differ(before.bids, after.bids, 1),
  asks: differ(before.asks, after.asks, -1),
})

const differ = (before: readonly Level[], after: readonly Level[], sign: 1 | -1): readonly Level[] => {
  if (before === after) return []
  const changes: Level[] = []
  let old = 0
  let now = 0
  while (old < before.length || now < after.length) {
    const gone = before[old]
    const come = after[now]
    if (gone !== undefined && gone === come) {
      old++
      now++
      continue
    }
    const order = gone === undefined ? -1 : come === undefined ? 1 : better(gone.price, come.price) * sign
    if (order > 0) {
      changes.push({ price: gone!.price, size: '0' })
      old++
    } else if (order < 0) {
      changes.push(come!)
      now++
    } else {
      if (gone!.price !== come!.price) changes.push({ price: gone!.price, size: '0' })
      if (gone!.price !== come!.price || gone!.size !== come!.size) changes.push(come!)
      old++
      now++
    }
  }
  return changes
}

/** Above zero where `a` is the higher price. */
const better = (a: string, b: string): number => (a === b ? 0 : keyOf(a) - keyOf(b) || compare(a, b))
