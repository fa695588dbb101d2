/**
 * A book as a snapshot and deltas with a dense sequence, for one depth: what changed within a turn is one
 * delta, and after the book lost step the first change is a snapshot again. The last changes are kept, so
 * that a reader may go on behind its cursor.
 */
import type { BookChange } from '../../domain/answer.ts'
import type { BookTop } from '../../domain/book.ts'
import { bookDifference } from '../../domain/book-difference.ts'
import { bookChecksum } from '../../domain/crc32.ts'
import { answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { topic } from '../stream.ts'
import type { Topic } from '../stream.ts'
import type { BookKeeper } from './book-keeper.ts'
import { expired, readCursor } from './cursor.ts'

export interface DeltaFeed {
  readonly topic: Topic<BookChange>
  refresh(): void
  /** What was told behind this cursor, and from which sequence on the rest is new. */
  since(cursor: string): Outcome<{ readonly events: readonly BookChange[]; readonly last: number }>
}

const KEPT = 1_000

export function createDeltaFeed(options: {
  readonly book: BookKeeper
  readonly depth: number
  /** Unlike any other feed's of this process and of any other. */
  readonly epoch: string
  readonly readersChanged: (readers: number) => void
}): DeltaFeed {
  const { book, depth, epoch } = options
  let sequence = 0
  let top: BookTop | null = null
  let isOutOfStep = true
  let kept: BookChange[] = []
  let present: BookChange | null = null

  const change = (kind: BookChange['kind'], { bids, asks }: BookTop, whole: BookTop): BookChange => {
    const { attribution } = book.compose(whole)
    return {
      symbol: book.symbol,
      venue: book.venue,
      kind,
      sequence,
      cursor: `${epoch}.${sequence}`,
      bids,
      asks,
      checksum: bookChecksum(whole.bids, whole.asks),
      observedAt: attribution.observedAt,
      attribution,
    }
  }

  const tell = (kind: BookChange['kind'], difference: BookTop, whole: BookTop): void => {
    sequence += 1
    top = whole
    isOutOfStep = false
    present = null
    const told = change(kind, difference, whole)
    kept.push(told)
    if (kept.length >= KEPT * 2) kept = kept.slice(-KEPT)
    readers.publish(told)
  }

  const refresh = (): void => {
    if (!book.hasLevels) {
      isOutOfStep = true
      return
    }
    if (book.state !== 'LIVE') return
    const whole = book.top(depth)
    if (isOutOfStep || top === null) tell('SNAPSHOT', whole, whole)
    else if (whole !== top) {
      const difference = bookDifference(top, whole)
      if (difference.bids.length + difference.asks.length > 0) tell('DELTA', difference, whole)
    }
  }

  const readers = topic<BookChange>({
    readersChanged: options.readersChanged,
    present: () => {
      if (top === null || book.isDirty) refresh()
      if (top === null || isOutOfStep) return []
      // A snapshot of where the feed stands, under the number of the change that brought it there.
      present ??= change('SNAPSHOT', top, top)
      return [present]
    },
  })

  return {
    topic: readers,
    refresh,
    since(cursor) {
      const earliest = () => kept[0]?.cursor ?? null
      const read = readCursor(cursor, epoch, earliest)
      if (!read.ok) return read
      const first = kept[0]?.sequence ?? sequence + 1
      if (read.value < first - 1 || read.value > sequence) return expired(earliest())
      return answered({ events: kept.filter((each) => each.sequence > read.value), last: sequence })
    },
  }
}
