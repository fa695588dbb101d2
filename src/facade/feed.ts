/**
 * A push stream of immutable events that many readers may open. It never waits for a reader: how a slow
 * one is treated is the reader's own affair (see `mailbox`, and the server's shared fan-out).
 */
import type { FacadeError } from '../domain/errors.ts'

export interface FeedReader<T> {
  /** Called synchronously, in order. Must not throw and must not wait. */
  next(event: T): void
  /** Called at most once, after which nothing follows. Null when the stream simply ended. */
  end(error: FacadeError | null): void
}

export interface Feed<T> {
  /**
   * Starts delivery and returns how to stop it; stopping is immediate and idempotent. Feeds of state
   * (books, prices, health) deliver the present state first, synchronously where it is known.
   */
  open(reader: FeedReader<T>): () => void
}

/** How readers of a stream may be served when they fall behind. */
export type Backlog =
  /** Only the newest per key matters: books, prices, health, open bars. */
  | { readonly kind: 'newest' }
  /** Every event matters: dropped ones leave a visible hole, and a reader that stays behind is let go. */
  | { readonly kind: 'every'; readonly capacity: number }

/**
 * What a subscription resolver answers: a feed plus how to serve it. It is async-iterable, so that plain
 * graphql-js can run it; the server's fan-out reads `feed` instead and shares one execution.
 */
export interface Stream<T> extends AsyncIterable<T> {
  readonly feed: Feed<T>
  readonly backlog: Backlog
  /** Events that replace each other have the same key (symbol, venue). */
  readonly keyOf: (event: T) => string
  /** Most events a second and key one reader gets; null for no limit. Reader's own, not part of the shared execution. */
  readonly maxRate: number | null
  /**
   * What this reader alone gets before it joins the shared feed (a resume). Already in order; events the
   * feed delivers that are not behind `isAfter` are duplicates of these and dropped.
   */
  readonly resume: { readonly events: readonly T[]; readonly isNew: (event: T) => boolean } | null
}
