/**
 * One side of a book: two parallel arrays with the best level last, because that is where almost every
 * change happens. A change walks from the touch and searches by halves only beyond it. Levels are
 * immutable objects, so a top is a copy of references and two tops are compared by identity.
 */
import type { Level } from './answer.ts'
import { compare } from './decimal.ts'
import type { LevelChange } from './event.ts'
import { isZeroSize, keyOf } from './price-key.ts'

/** Steps from the touch before halving is cheaper. */
const WALK = 16
/** Tops of different depths remembered at once. */
const MOST_TOPS = 8
/** Beyond this many moved levels the engine's own splice is faster than a loop. */
const SHORT = 24
const NONE: readonly Level[] = []

export class BookSide {
  /** Keys ascend towards the best: bids by price, asks by its negative. */
  readonly #sign: 1 | -1
  readonly #keys: number[] = []
  readonly #levels: Level[] = []
  readonly #tops = new Map<number, readonly Level[]>()
  /** Distance from the best of the nearest change the remembered tops have not heard of. */
  #nearest = Number.POSITIVE_INFINITY
  #changes: Level[] = []

  constructor(side: 'bids' | 'asks') {
    this.#sign = side === 'bids' ? 1 : -1
  }

  get size(): number {
    return this.#levels.length
  }

  get best(): Level | null {
    return this.#levels[this.#levels.length - 1] ?? null
  }

  /** The best price as a number; NaN on an empty side. */
  get bestKey(): number {
    const count = this.#keys.length
    return count === 0 ? Number.NaN : this.#keys[count - 1]! * this.#sign
  }

  /** What differs since `forgetChanges`, in order; a level that went has size "0". */
  get changes(): readonly Level[] {
    return this.#changes
  }

  forgetChanges(): void {
    if (this.#changes.length > 0) this.#changes = []
  }

  /** Best first. The same array until one of these levels changes. */
  top(depth: number): readonly Level[] {
    if (this.#nearest !== Number.POSITIVE_INFINITY) this.#dropStaleTops()
    return this.#tops.get(depth) ?? this.#copyTop(depth)
  }

  clear(): void {
    this.#keys.length = 0
    this.#levels.length = 0
    this.#nearest = 0
  }

  /** Replaces everything. Cheap for levels sorted either way, right for unsorted ones. */
  load(levels: readonly LevelChange[]): boolean {
    this.clear()
    const first = levels[0]
    const last = levels[levels.length - 1]
    if (first === undefined || last === undefined) return true
    const isBestFirst = (keyOf(first[0]) - keyOf(last[0])) * this.#sign > 0
    let isReadable = true
    for (let at = 0; at < levels.length; at++) {
      const [price, size] = levels[isBestFirst ? levels.length - 1 - at : at]!
      if (!this.set(price, size)) isReadable = false
    }
    return isReadable
  }

  /** An absolute size at one price; zero deletes, and deleting what is not there is normal. False: no number. */
  set(price: string, size: string): boolean {
    const key = keyOf(price) * this.#sign
    if (!Number.isFinite(key)) return false
    const keys = this.#keys
    let at = this.#place(key)
    while (at >= 0 && keys[at] === key && this.#levels[at]!.price !== price) {
      const order = compare(price, this.#levels[at]!.price) * this.#sign
      if (order === 0) break
      if (order > 0) {
        this.#insert(at + 1, key, price, size)
        return true
      }
      at--
    }
    if (at < 0 || keys[at] !== key) this.#insert(at + 1, key, price, size)
    else if (isZeroSize(size)) this.#remove(at)
    else this.#resize(at, price, size)
    return true
  }

  /** Forgets the levels beyond `depth`. */
  cut(depth: number): void {
    const extra = this.#levels.length - depth
    if (extra <= 0) return
    for (let at = extra - 1; at >= 0; at--) this.#changes.push({ price: this.#levels[at]!.price, size: '0' })
    this.#touch(depth)
    this.#keys.splice(0, extra)
    this.#levels.splice(0, extra)
  }

  /** The last position whose key is not above `key`; -1 when all are. */
  #place(key: number): number {
    const keys = this.#keys
    let at = keys.length - 1
    const floor = at - WALK
    while (at >= 0 && at > floor && keys[at]! > key) at--
    if (at < 0 || keys[at]! <= key) return at
    let low = -1
    while (at - low > 1) {
      const middle = (low + at) >> 1
      if (keys[middle]! > key) at = middle
      else low = middle
    }
    return low
  }

  #insert(at: number, key: number, price: string, size: string): void {
    if (isZeroSize(size)) return
    const level: Level = { price, size }
    const count = this.#keys.length
    this.#touch(count - at)
    this.#changes.push(level)
    if (count - at > SHORT) {
      this.#keys.splice(at, 0, key)
      this.#levels.splice(at, 0, level)
      return
    }
    this.#keys.push(key)
    this.#levels.push(level)
    for (let to = count; to > at; to--) {
      this.#keys[to] = this.#keys[to - 1]!
      this.#levels[to] = this.#levels[to - 1]!
    }
    this.#keys[at] = key
    this.#levels[at] = level
  }

  #remove(at: number): void {
    const last = this.#keys.length - 1
    this.#touch(last - at)
    this.#changes.push({ price: this.#levels[at]!.price, size: '0' })
    if (last - at > SHORT) {
      this.#keys.splice(at, 1)
      this.#levels.splice(at, 1)
      return
    }
    for (let to = at; to < last; to++) {
      this.#keys[to] = this.#keys[to + 1]!
      this.#levels[to] = this.#levels[to + 1]!
    }
    this.#keys.pop()
    this.#levels.pop()
  }

  #resize(at: number, price: string, size: string): void {
    const old = this.#levels[at]!
    if (old.size === size && old.price === price) return
    const level: Level = { price, size }
    this.#levels[at] = level
    this.#touch(this.#levels.length - 1 - at)
    // A level respelled ("1.1" now "1.10") is told as one gone and one come, for readers that key by text.
    if (old.price !== price) this.#changes.push({ price: old.price, size: '0' })
    this.#changes.push(level)
  }

  #touch(distance: number): void {
    if (distance < this.#nearest) this.#nearest = distance
  }

  #dropStaleTops(): void {
    for (const depth of this.#tops.keys()) if (depth > this.#nearest) this.#tops.delete(depth)
    this.#nearest = Number.POSITIVE_INFINITY
  }

  #copyTop(depth: number): readonly Level[] {
    const levels = this.#levels
    const count = Math.min(depth, levels.length)
    const top: Level[] = count === 0 ? (NONE as Level[]) : []
    for (let at = levels.length - 1, end = at - count; at > end; at--) top.push(levels[at]!)
    if (this.#tops.size >= MOST_TOPS) this.#tops.clear()
    this.#tops.set(depth, top)
    return top
  }
}
