/** One depth of one book as readers see it: an immutable book, built only while somebody reads this depth. */
import type { Book, FeedState } from '../../domain/answer.ts'
import type { BookTop } from '../../domain/book.ts'
import { topic } from '../stream.ts'
import type { Topic } from '../stream.ts'

export interface BookSource {
  readonly state: FeedState
  /** True while levels are known to be in step, though the link may be quiet. */
  readonly hasLevels: boolean
  /** Something changed that has not been told yet. */
  readonly isDirty: boolean
  top(depth: number): BookTop
  compose(top: BookTop): Book
}

export interface BookView {
  readonly topic: Topic<Book>
  /** Tells the present book where it differs from the one told last. */
  refresh(): void
}

const NO_LEVELS: BookTop = { bids: [], asks: [] }

export function createBookView(
  source: BookSource,
  depth: number,
  readersChanged: (readers: number) => void,
): BookView {
  let told: Book | null = null
  let toldTop: BookTop = NO_LEVELS

  const refresh = (): void => {
    const top = source.hasLevels ? source.top(depth) : toldTop
    if (told !== null && told.state === source.state && toldTop === top) return
    toldTop = top
    told = source.compose(top)
    readers.publish(told)
  }

  const readers = topic<Book>({
    readersChanged,
    present: () => {
      // Whoever read before this reader came hears it first, so that all are told the same objects.
      if (told === null || source.isDirty) refresh()
      return told === null ? [] : [told]
    },
  })

  return { topic: readers, refresh }
}
