/** One side of a simulated book, best first, in whole ticks and lots. Hides where a price belongs, and keeps what has changed. */

export class Ladder {
  readonly prices: number[] = []
  readonly sizes: number[] = []
  /** Price to new size (zero: gone) since `takeChanges`. */
  #changes = new Map<number, number>()
  readonly #isBid: boolean

  constructor(isBid: boolean) {
    this.#isBid = isBid
  }

  get length(): number {
    return this.prices.length
  }

  /** Sets a level; zero removes it. */
  set(price: number, size: number): void {
    const at = this.#indexOf(price)
    const isThere = this.prices[at] === price
    if (size === 0) {
      if (isThere) this.removeAt(at)
      return
    }
    if (isThere) this.sizes[at] = size
    else {
      this.prices.splice(at, 0, price)
      this.sizes.splice(at, 0, size)
    }
    this.#changes.set(price, size)
  }

  removeAt(at: number): void {
    this.#changes.set(this.prices[at]!, 0)
    this.prices.splice(at, 1)
    this.sizes.splice(at, 1)
  }

  clear(): void {
    for (const price of this.prices) this.#changes.set(price, 0)
    this.prices.length = 0
    this.sizes.length = 0
  }

  takeChanges(): readonly (readonly [price: number, size: number])[] {
    const changes = [...this.#changes]
    this.#changes = new Map()
    return changes
  }

  #indexOf(price: number): number {
    let low = 0
    let high = this.prices.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const there = this.prices[middle]!
      if (this.#isBid ? there > price : there < price) low = middle + 1
      else high = middle
    }
    return low
  }
}
