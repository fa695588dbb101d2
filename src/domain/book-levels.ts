/** Both sides of one book as levels only: changed, cut, compared and copied, with no notion of being in step. */
import type { Level } from './answer.ts'
import { BookSide } from './book-side.ts'
import { krakenChecksum } from './crc32.ts'
import { compare } from './decimal.ts'
import type { LevelChange } from './event.ts'

export interface BookTop {
  /** Best first. */
  readonly bids: readonly Level[]
  /** Best first. */
  readonly asks: readonly Level[]
}

interface Sides {
  readonly bids: readonly LevelChange[]
  readonly asks: readonly LevelChange[]
}

/** Tops of different depths remembered at once. */
const MOST_TOPS = 8
const CHECKSUM_DEPTH = 10

export class BookLevels {
  readonly #bids = new BookSide('bids')
  readonly #asks = new BookSide('asks')
  readonly #tops = new Map<number, BookTop>()

  get counts(): { readonly bids: number; readonly asks: number } {
    return { bids: this.#bids.size, asks: this.#asks.size }
  }

  get bestBid(): Level | null {
    return this.#bids.best
  }

  get bestAsk(): Level | null {
    return this.#asks.best
  }

  /** Locked counts as crossed: no venue that matches orders shows either. */
  get isCrossed(): boolean {
    const bid = this.#bids.bestKey
    const ask = this.#asks.bestKey
    if (bid !== ask) return bid > ask
    return compare(this.#bids.best!.price, this.#asks.best!.price) >= 0
  }

  get checksum(): number {
    return krakenChecksum(this.#bids.top(CHECKSUM_DEPTH), this.#asks.top(CHECKSUM_DEPTH))
  }

  /** The same object, and the same arrays, until one of these levels changes. */
  top(depth: number): BookTop {
    const bids = this.#bids.top(depth)
    const asks = this.#asks.top(depth)
    const known = this.#tops.get(depth)
    if (known !== undefined && known.bids === bids && known.asks === asks) return known
    if (this.#tops.size >= MOST_TOPS) this.#tops.clear()
    const top = { bids, asks }
    this.#tops.set(depth, top)
    return top
  }

  /** Replaces everything; false where a price is no number. */
  load({ bids, asks }: Sides): boolean {
    const areBidsRead = this.#bids.load(bids)
    return this.#asks.load(asks) && areBidsRead
  }

  /** Changes in their order; false where a price is no number. */
  write({ bids, asks }: Sides): boolean {
    let isRead = true
    for (const [price, size] of bids) if (!this.#bids.set(price, size)) isRead = false
    for (const [price, size] of asks) if (!this.#asks.set(price, size)) isRead = false
    return isRead
  }

  /** Forgets what is beyond `depth`. */
  cut(depth: number): void {
    this.#bids.cut(depth)
    this.#asks.cut(depth)
  }

  clear(): void {
    this.#bids.clear()
    this.#asks.clear()
  }
}
