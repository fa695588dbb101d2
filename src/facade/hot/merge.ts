/** Several feeds read as one. Ends only when every one has, or the first fails. */
import type { Feed, FeedReader } from '../feed.ts'

export function mergeFeeds<T>(feeds: readonly Feed<T>[]): Feed<T> {
  const [only] = feeds
  if (feeds.length === 1 && only !== undefined) return only
  return { open: (reader) => openAll(feeds, reader) }
}

/** Each event of `feed` in another shape. */
export function mapFeed<A, B>(feed: Feed<A>, change: (event: A) => B): Feed<B> {
  return {
    open: (reader) =>
      feed.open({ next: (event) => reader.next(change(event)), end: (error) => reader.end(error) }),
  }
}

function openAll<T>(feeds: readonly Feed<T>[], reader: FeedReader<T>): () => void {
  const closers: (() => void)[] = []
  let open = feeds.length
  let isOver = false
  const close = () => {
    isOver = true
    for (const each of closers) each()
    closers.length = 0
  }
  for (const feed of feeds) {
    const closeOne = feed.open({
      next: (event) => {
        if (!isOver) reader.next(event)
      },
      end: (error) => {
        open -= 1
        if (isOver || (error === null && open > 0)) return
        close()
        reader.end(error)
      },
    })
    if (isOver) closeOne()
    else closers.push(closeOne)
  }
  return close
}
