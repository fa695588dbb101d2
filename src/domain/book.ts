/**
 * One venue's book, kept in step by the venue's own dance, or empty and waiting: it never holds levels it
 * has a reason to doubt. A gap empties it by itself; the owner's part is to fetch or ask for a snapshot.
 */
import type { Instant } from './attribution.ts'
import type { Level } from './answer.ts'
import type { BookDance } from './book-dance.ts'
import { BookLevels, type BookTop } from './book-levels.ts'
import { DeltaBuffer } from './delta-buffer.ts'
import type { BookDeltaEvent, BookSnapshotEvent } from './event.ts'

/**
 * - `applied`: the book stands at this event.
 * - `ignored`: old, a duplicate, a keep-alive, or before the snapshot; nothing changed.
 * - `buffered`: waits for the REST snapshot.
 * - `gap`: something was lost or is wrong (`reason`); the book is empty and waits for a snapshot.
 */
export type Applied = 'applied' | 'ignored' | 'buffered' | 'gap'

export type { BookTop } from './book-levels.ts'

export class LiveBook {
  readonly #dance: BookDance
  readonly #levels = new BookLevels()
  readonly #waiting = new DeltaBuffer()
  #isSynced = false
  #last: number | null = null
  /** What the newest delta followed: knows that delta again when it comes twice. */
  #previous: number | null = null
  #observedAt: Instant | null = null
  #reason: string | null = null
  #version = 0
  /** Levels a side the checksum dance keeps; a snapshot may say otherwise. */
  #depth = 0

  constructor(dance: BookDance) {
    this.#dance = dance
  }

  /** In step with the venue: the only state in which the levels may be served as live. */
  get isSynced(): boolean {
    return this.#isSynced
  }

  /** True while only a REST snapshot, given to `join`, brings the book in step. */
  get needsSnapshot(): boolean {
    return this.#dance.kind === 'rangeJoin' && !this.#isSynced
  }

  /** Why the last gap was one, for the log. */
  get reason(): string | null {
    return this.#reason
  }

  /** Rises with every change of the levels or of their being in step. */
  get version(): number {
    return this.#version
  }

  /** The venue's own marker; null where its dance has none. */
  get sequence(): string | null {
    return this.#last === null ? null : String(this.#last)
  }

  /** The venue's stamp of the newest event applied that carried one. */
  get observedAt(): Instant | null {
    return this.#observedAt
  }

  get levels(): { readonly bids: number; readonly asks: number } {
    return this.#levels.counts
  }

  get bestBid(): Level | null {
    return this.#levels.bestBid
  }

  get bestAsk(): Level | null {
    return this.#levels.bestAsk
  }

  get isCrossed(): boolean {
    return this.#levels.isCrossed
  }

  /** The same object, and the same arrays, until one of these levels changes. */
  top(depth: number): BookTop {
    return this.#levels.top(depth)
  }

  apply(event: BookSnapshotEvent | BookDeltaEvent): Applied {
    if (event.kind === 'bookDelta') return this.#follow(event)
    return this.#dance.kind === 'rangeJoin' ? this.join(event) : this.#replace(event)
  }

  /** Joins the REST snapshot to the deltas that waited. `ignored`: older than they are, fetch again. */
  join(snapshot: BookSnapshotEvent): Applied {
    if (this.#dance.kind !== 'rangeJoin' || this.#isSynced || snapshot.sequence === null) return 'ignored'
    const first = this.#waiting.first
    if (first !== null && first > snapshot.sequence + 1) return 'ignored'
    const deltas = this.#waiting.drain()
    if (this.#replace(snapshot) === 'gap') return 'gap'
    for (const delta of deltas) if (this.#followRange(delta) === 'gap') return 'gap'
    return 'applied'
  }

  /** The link is gone, or the owner has his own reason to doubt: empty, and waiting for a snapshot. */
  reset(): void {
    this.#waiting.clear()
    this.#levels.clear()
    this.#isSynced = false
    this.#last = null
    this.#previous = null
    this.#version += 1
  }

  /** A frame of the connection was lost; whose it was cannot be known. */
  connectionGap(): void {
    if (this.#dance.kind === 'connectionSequence') this.#lose('a frame of the connection was lost')
  }

  #follow(delta: BookDeltaEvent): Applied {
    switch (this.#dance.kind) {
      case 'rangeJoin':
        return this.#isSynced ? this.#followRange(delta) : this.#wait(delta)
      case 'chain':
        return this.#isSynced ? this.#followChain(delta) : 'ignored'
      case 'checksum':
        return this.#isSynced ? this.#followChecksum(delta) : 'ignored'
      case 'connectionSequence':
        return this.#isSynced ? this.#change(delta) : 'ignored'
    }
  }

  #wait(delta: BookDeltaEvent): Applied {
    if (delta.first === null || delta.last === null) return this.#lose('a delta without its range')
    const newest = this.#waiting.last
    if (newest !== null && delta.last <= newest) return 'ignored'
    const isHole = newest !== null && delta.first > newest + 1
    if (isHole) this.reset()
    this.#waiting.push(delta)
    if (!isHole) return 'buffered'
    this.#reason = `ids ${newest + 1} to ${delta.first - 1} never came`
    return 'gap'
  }

  /** https://github.com/binance/binance-spot-api-docs/blob/master/web-socket-streams.md */
  #followRange(delta: BookDeltaEvent): Applied {
    const local = this.#last
    if (delta.first === null || delta.last === null || local === null) {
      return this.#lose('a delta without its range')
    }
    if (delta.last <= local) return 'ignored'
    if (delta.first > local + 1) {
      this.#lose(`ids ${local + 1} to ${delta.first - 1} never came`)
      this.#waiting.push(delta)
      return 'gap'
    }
    return this.#change(delta)
  }

  /** https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel */
  #followChain(delta: BookDeltaEvent): Applied {
    const { last, previous } = delta
    if (last === null || previous === null) return this.#lose('an update without its ids')
    if (previous === this.#last) {
      // Once a minute a quiet market repeats its id. A smaller id is the venue's own restart of the count.
      const isKeepalive = last === previous && delta.bids.length === 0 && delta.asks.length === 0
      return isKeepalive ? 'ignored' : this.#change(delta)
    }
    if (last === this.#last && previous === this.#previous) return 'ignored'
    return this.#lose(`an update follows ${previous}, the book stands at ${this.#last}`)
  }

  /** https://docs.kraken.com/api/docs/guides/spot-ws-book-v2 */
  #followChecksum(delta: BookDeltaEvent): Applied {
    const applied = this.#write(delta)
    if (applied === 'gap') return applied
    this.#levels.cut(this.#depth)
    return this.#verify(delta.checksum) ?? this.#settle(delta)
  }

  #change(delta: BookDeltaEvent): Applied {
    const applied = this.#write(delta)
    return applied === 'gap' ? applied : this.#settle(delta)
  }

  #replace(snapshot: BookSnapshotEvent): Applied {
    if (!this.#levels.load(snapshot)) return this.#lose('a price that is no number')
    if (this.#dance.kind === 'chain' && snapshot.sequence === null)
      return this.#lose('a snapshot without its id')
    if (this.#dance.kind === 'checksum') {
      this.#depth = snapshot.depth ?? this.#dance.depth
      this.#levels.cut(this.#depth)
      if (this.#verify(snapshot.checksum) !== null) return 'gap'
    }
    this.#last = snapshot.sequence
    this.#previous = null
    return this.#finish(snapshot.observedAt)
  }

  #write(delta: BookDeltaEvent): Applied {
    return this.#levels.write(delta) ? 'applied' : this.#lose('a price that is no number')
  }

  #verify(checksum: number | null): 'gap' | null {
    if (checksum === null) return this.#lose('no checksum to compare')
    const ours = this.#levels.checksum
    return ours === checksum ? null : this.#lose(`checksum ${ours}, the venue says ${checksum}`)
  }

  #settle(delta: BookDeltaEvent): Applied {
    this.#last = delta.last
    this.#previous = delta.previous
    return this.#finish(delta.observedAt)
  }

  #finish(observedAt: Instant | null): Applied {
    if (observedAt !== null) this.#observedAt = observedAt
    if (this.isCrossed) return this.#lose(`crossed: bid ${this.bestBid?.price}, ask ${this.bestAsk?.price}`)
    this.#isSynced = true
    this.#version += 1
    return 'applied'
  }

  #lose(reason: string): 'gap' {
    this.reset()
    this.#reason = reason
    return 'gap'
  }
}
