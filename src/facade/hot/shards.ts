/** The connections to one venue: as many to each address as its limits on subscriptions make necessary. */
import type { Shard } from './shard.ts'

export class Shards implements Iterable<Shard> {
  readonly #open: (url: string) => Shard
  readonly #byUrl = new Map<string, Shard[]>()

  constructor(open: (url: string) => Shard) {
    this.#open = open
  }

  get size(): number {
    let count = 0
    for (const shards of this.#byUrl.values()) count += shards.length
    return count
  }

  /** True when there is one and it holds for every one. */
  every(holds: (shard: Shard) => boolean): boolean {
    for (const shard of this) if (!holds(shard)) return false
    return this.size > 0
  }

  *[Symbol.iterator](): Iterator<Shard> {
    for (const shards of this.#byUrl.values()) yield* shards
  }

  /** One with room for another subscription, opened where there is none. */
  roomAt(url: string): Shard {
    const shards = this.#byUrl.get(url) ?? []
    this.#byUrl.set(url, shards)
    let shard = shards.find((each) => each.hasRoomFor(1))
    if (shard === undefined) {
      shard = this.#open(url)
      shards.push(shard)
    }
    return shard
  }

  drop(shard: Shard): void {
    shard.close()
    for (const [url, shards] of this.#byUrl) {
      const rest = shards.filter((each) => each !== shard)
      if (rest.length === 0) this.#byUrl.delete(url)
      else this.#byUrl.set(url, rest)
    }
  }

  close(): void {
    for (const shard of this) shard.close()
    this.#byUrl.clear()
  }
}
