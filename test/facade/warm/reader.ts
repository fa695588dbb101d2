/** Collects what a feed tells. */
import type { Feed } from '../../../src/facade/feed.ts'

export function createTopicReader<T>(feed: Feed<T>): { readonly events: T[]; readonly close: () => void } {
  const events: T[] = []
  const close = feed.open({ next: (event) => void events.push(event), end: () => {} })
  return { events, close }
}
