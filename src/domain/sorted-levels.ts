/**
 * Levels in the order of their keys, the greatest last. Keys and places live in typed arrays, so that making
 * room among thousands is a block move the collector never hears of; a level itself is stored once.
 */
import type { Level } from './answer.ts'

/** Steps from the end before leaping is cheaper. */
const WALK = 8
/** Up to this many moved entries a loop is faster than a block move. */
const SHORT = 32
const LEAST_ROOM = 64

export class SortedLevels {
  #count = 0
  #keys = new Float64Array(LEAST_ROOM)
  /** Where in the store the level of each key is. */
  #places = new Int32Array(LEAST_ROOM)
  readonly #store: Level[] = []
  readonly #free: number[] = []

  get count(): number {
    return this.#count
  }

  keyAt(at: number): number {
    return this.#keys[at]!
  }

  levelAt(at: number): Level {
    return this.#store[this.#places[at]!]!
  }

  replaceAt(at: number, level: Level): void {
    this.#store[this.#places[at]!] = level
  }

  clear(): void {
    this.#count = 0
    this.#store.length = 0
    this.#free.length = 0
  }

  /** The last position whose key is not above `key`; -1 when all are. Cheapest near the end. */
  find(key: number): number {
    const keys = this.#keys
    let at = this.#count - 1
    const floor = at - WALK
    while (at >= 0 && at > floor && keys[at]! > key) at--
    if (at < 0 || keys[at]! <= key) return at
    let leap = WALK
    let low = at - leap
    while (low >= 0 && keys[low]! > key) {
      at = low
      leap *= 2
      low = at - leap
    }
    if (low < 0) low = -1
    while (at - low > 1) {
      const middle = (low + at) >> 1
      if (keys[middle]! > key) at = middle
      else low = middle
    }
    return low
  }

  insert(at: number, key: number, level: Level): void {
    if (this.#count === this.#keys.length) this.#grow()
    const keys = this.#keys
    const places = this.#places
    const count = this.#count
    if (count - at > SHORT) {
      keys.copyWithin(at + 1, at, count)
      places.copyWithin(at + 1, at, count)
    } else {
      for (let to = count; to > at; to--) {
        keys[to] = keys[to - 1]!
        places[to] = places[to - 1]!
      }
    }
    const place = this.#free.pop() ?? this.#store.length
    this.#store[place] = level
    keys[at] = key
    places[at] = place
    this.#count = count + 1
  }

  remove(at: number): void {
    const keys = this.#keys
    const places = this.#places
    const last = this.#count - 1
    this.#free.push(places[at]!)
    if (last - at > SHORT) {
      keys.copyWithin(at, at + 1, this.#count)
      places.copyWithin(at, at + 1, this.#count)
    } else {
      for (let to = at; to < last; to++) {
        keys[to] = keys[to + 1]!
        places[to] = places[to + 1]!
      }
    }
    this.#count = last
  }

  #grow(): void {
    const keys = new Float64Array(this.#count * 2)
    const places = new Int32Array(this.#count * 2)
    keys.set(this.#keys)
    places.set(this.#places)
    this.#keys = keys
    this.#places = places
  }
}
