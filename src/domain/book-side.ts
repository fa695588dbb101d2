/**
 * One side of a book, the best level last, because that is where almost every change happens. Levels are
 * immutable objects, so a top is a copy of references and two tops are compared by identity.
 */
import type { Level } from './answer.ts'
import { compare } from './decimal.ts'
import type { LevelChange } from './event.ts'
import { isZeroSize, keyOf } from './price-key.ts'
import { SortedLevels } from './sorted-levels.ts'

/** Tops of different depths remembered at once. */
const MOST_TOPS = 8
const NONE: readonly Level[] = []

export class BookSide {
  /** Keys ascend towards the best: bids by price, asks by its negative. */
  readonly #sign: 1 | -1
  readonly #levels = new SortedLevels()
  readonly #tops = new Map<number, readonly Level[]>()
  /** Distance from the best of the nearest change the remembered tops have not heard of. */
  #nearest = Number.POSITIVE_INFINITY

  constructor(side: 'bids' | 'asks') {
    this.#sign = side === 'bids' ? 1 : -1
  }

  get size(): number {
    return this.#levels.count
  }

  get best(): Level | null {
    const { count } = this.#levels
    return count === 0 ? null : this.#levels.levelAt(count - 1)
  }

  /** The best price as a number; NaN on an empty side. */
  get bestKey(): number {
    const { count } = this.#levels
    return count === 0 ? Number.NaN : this.#levels.keyAt(count - 1) * this.#sign
  }

  /** Best first. The same array until one of these levels changes. */
  top(depth: number): readonly Level[] {
    if (this.#nearest !== Number.POSITIVE_INFINITY) this.#dropStaleTops()
    return this.#tops.get(depth) ?? this.#copyTop(depth)
  }

  clear(): void {
    this.#levels.clear()
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
    const levels = this.#levels
    let at = levels.find(key)
    // Keys may be equal where prices are not; then the exact texts decide.
    while (at >= 0 && levels.keyAt(at) === key && levels.levelAt(at).price !== price) {
      const order = compare(price, levels.levelAt(at).price) * this.#sign
      if (order === 0) break
      if (order > 0) {
        this.#insert(at + 1, key, price, size)
        return true
      }
      at--
    }
    if (at < 0 || levels.keyAt(at) !== key) this.#insert(at + 1, key, price, size)
    else if (isZeroSize(size)) this.#remove(at)
    else this.#resize(at, price, size)
    return true
  }

  /** Forgets the levels beyond `depth`. */
  cut(depth: number): void {
    while (this.#levels.count > depth) this.#remove(0)
  }

  #insert(at: number, key: number, price: string, size: string): void {
    if (isZeroSize(size)) return
    const level: Level = { price, size }
    this.#touch(this.#levels.count - at)
    this.#levels.insert(at, key, level)
  }

  #remove(at: number): void {
    this.#touch(this.#levels.count - 1 - at)
    this.#levels.remove(at)
  }

  #resize(at: number, price: string, size: string): void {
    const old = this.#levels.levelAt(at)
    if (old.size === size && old.price === price) return
    const level: Level = { price, size }
    this.#levels.replaceAt(at, level)
    this.#touch(this.#levels.count - 1 - at)
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
    const count = Math.min(depth, levels.count)
    const top: Level[] = count === 0 ? (NONE as Level[]) : []
    for (let at = levels.count - 1, end = at - count; at > end; at--) top.push(levels.levelAt(at))
    if (this.#tops.size >= MOST_TOPS) this.#tops.clear()
    this.#tops.set(depth, top)
    return top
  }
}
