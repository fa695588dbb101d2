/**
 * One venue's book of one symbol on its way from the socket to its readers: what state it is in, and telling
 * so. Changes are told once per turn of the event loop; losing step is told at once. What is told as LIVE
 * was in step with the venue when it was told.
 */
import type { Book, FeedState } from '../../domain/answer.ts'
import type { Decimal, Instant } from '../../domain/attribution.ts'
import { LiveBook } from '../../domain/book.ts'
import type { Applied, BookTop } from '../../domain/book.ts'
import type { BookDance } from '../../domain/book-dance.ts'
import { mean, subtract, toNumber } from '../../domain/decimal.ts'
import type { BookDeltaEvent, BookSnapshotEvent } from '../../domain/event.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { bookText } from '../../domain/text.ts'
import { createBookView } from './book-view.ts'
import type { BookSource, BookView } from './book-view.ts'
import type { DeltaFeed } from './delta-feed.ts'
import type { Job, Turn } from './turn.ts'

export interface BookKeeperParts {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly dance: BookDance
  readonly turn: Turn
  readonly now: () => Instant
}

/** down: nothing can come · quiet: open, and silent for longer than it ever is · up: heard. */
export type LinkState = 'down' | 'quiet' | 'up'

export class BookKeeper implements BookSource, Job {
  isMarked = false
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly #live: LiveBook
  readonly #turn: Turn
  readonly #views = new Map<number, BookView>()
  readonly #deltas = new Set<DeltaFeed>()
  readonly #watchers = new Set<() => void>()
  #link: LinkState = 'down'
  #reason: string
  #told: FeedState = 'STALE'
  #receivedAt: Instant
  #bid: Decimal | null = null
  #ask: Decimal | null = null
  #mid: Decimal | null = null
  #spread: Decimal | null = null

  constructor(parts: BookKeeperParts) {
    this.symbol = parts.symbol
    this.venue = parts.venue
    this.#live = new LiveBook(parts.dance)
    this.#turn = parts.turn
    this.#receivedAt = parts.now()
    this.#reason = 'not connected yet'
  }

  get state(): FeedState {
    if (this.#link !== 'up') return 'STALE'
    return this.#live.isSynced ? 'LIVE' : 'RESYNCING'
  }
  get hasLevels(): boolean {
    return this.#live.isSynced
  }
  get isDirty(): boolean {
    return this.isMarked
  }
  get needsSnapshot(): boolean {
    return this.#live.needsSnapshot
  }
  get isSynced(): boolean {
    return this.#live.isSynced
  }
  get gapReason(): string | null {
    return this.#live.reason
  }
  /** It was in step at some time, so that what is shown of it is old and not missing. */
  get wasEverInStep(): boolean {
    return this.#live.observedAt !== null || this.#live.isSynced
  }
  get observedAt(): Instant {
    return this.#live.observedAt ?? this.#receivedAt
  }
  get receivedAt(): Instant {
    return this.#receivedAt
  }
  get mid(): Decimal | null {
    this.#measure()
    return this.#mid
  }

  apply(event: BookSnapshotEvent | BookDeltaEvent, receivedAt: Instant): Applied {
    const applied = this.#live.apply(event)
    if (applied === 'applied') {
      this.#receivedAt = receivedAt
      this.#changed()
    } else if (applied === 'gap') this.#settle(this.#live.reason ?? 'out of step')
    return applied
  }

  /** A frame of the connection was lost. True when this book was in step until then. */
  connectionGap(): boolean {
    const was = this.#live.isSynced
    this.#live.connectionGap()
    this.#settle(this.#live.reason ?? 'a frame was lost')
    return was && !this.#live.isSynced
  }

  /** Empties the book: what it was told by is gone. */
  reset(reason: string): void {
    this.#live.reset()
    this.#settle(reason)
  }

  link(state: LinkState, reason: string): void {
    this.#link = state
    this.#settle(reason)
  }

  top(depth: number): BookTop {
    return this.#live.top(depth)
  }

  /** The present book in full depth or less, whatever its state. */
  current(depth: number): Book {
    return this.compose(this.#live.top(depth))
  }

  view(depth: number): BookView {
    let view = this.#views.get(depth)
    if (view === undefined) {
      view = createBookView(this, depth, (readers) => {
        if (readers === 0) this.#views.delete(depth)
      })
      this.#views.set(depth, view)
    }
    return view
  }

  /** Called at the end of a turn in which the book changed, and at once when it lost step. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  attach(feed: DeltaFeed): () => void {
    this.#deltas.add(feed)
    return () => void this.#deltas.delete(feed)
  }

  get readers(): number {
    let count = this.#deltas.size + this.#watchers.size
    for (const view of this.#views.values()) count += view.topic.readers
    return count
  }

  run(): void {
    this.#tell()
  }

  compose(top: BookTop): Book {
    const state = this.state
    const observedAt = this.observedAt
    const isWhole = this.#live.isSynced
    if (isWhole) this.#measure()
    return {
      symbol: this.symbol,
      venue: this.venue,
      state,
      bids: top.bids,
      asks: top.asks,
      mid: isWhole ? this.#mid : null,
      spread: isWhole ? this.#spread : null,
      spreadBps: isWhole ? this.#spreadBps() : null,
      sequence: this.#live.sequence,
      observedAt,
      attribution: {
        authority: 'EXCHANGE_NATIVE',
        sources: [this.venue],
        confidence: state === 'LIVE' ? 1 : 0,
        tier: 'HOT',
        text: this.#text(state),
        observedAt,
        receivedAt: this.#receivedAt,
        cache: null,
        snapshot: null,
      },
    }
  }

  #changed(): void {
    if (this.#told !== this.state) this.#settle('')
    else this.#turn.mark(this)
  }

  #settle(reason: string): void {
    const state = this.state
    if (state !== 'LIVE') this.#reason = reason
    // A reader that came within this turn may have seen what the others have not been told yet.
    if (state === this.#told && !this.isMarked) return
    if (state === 'LIVE') this.#turn.mark(this)
    else this.#tell()
  }

  #tell(): void {
    this.#told = this.state
    for (const view of this.#views.values()) view.refresh()
    for (const feed of this.#deltas) feed.refresh()
    for (const changed of this.#watchers) changed()
  }

  #measure(): void {
    const bid = this.#live.bestBid?.price ?? null
    const ask = this.#live.bestAsk?.price ?? null
    if (bid === this.#bid && ask === this.#ask) return
    this.#bid = bid
    this.#ask = ask
    const isWhole = bid !== null && ask !== null
    this.#mid = isWhole ? mean([bid, ask]) : null
    this.#spread = isWhole ? subtract(ask, bid) : null
  }

  #spreadBps(): number | null {
    if (this.#mid === null || this.#spread === null) return null
    return (toNumber(this.#spread) / toNumber(this.#mid)) * 10_000
  }

  #text(state: FeedState): string {
    const text = bookText({ venue: this.venue, state })
    return state === 'LIVE' ? text : `${text}: ${this.#reason}`
  }
}
