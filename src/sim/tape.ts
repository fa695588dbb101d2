/** What one simulated market has traded: its trades, and the minutes folded from them. Hides the bound on memory. */

export interface Trade {
  readonly id: number
  /** Ticks. */
  readonly price: number
  /** Lots. */
  readonly size: number
  readonly isTakerBuy: boolean
  readonly at: number
}

/** Prices in ticks, volumes in lots. */
export interface Bar {
  readonly openAt: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  takerVolume: number
  /** Ticks times lots. */
  turnover: number
  count: number
  firstId: number
  lastId: number
}

const MINUTE_MS = 60_000
const KEPT_MINUTES = 3_000

export class Tape {
  #trades: Trade[] = []
  readonly #bars = new Map<number, Bar>()
  readonly #kept: number
  #lastId: number

  constructor(options: { readonly firstId: number; readonly kept: number }) {
    this.#lastId = options.firstId - 1
    this.#kept = options.kept
  }

  add(trade: Omit<Trade, 'id'>): Trade {
    const added = { ...trade, id: ++this.#lastId }
    this.#trades.push(added)
    if (this.#trades.length > this.#kept * 1.25) this.#trades = this.#trades.slice(-this.#kept)
    this.#fold(added)
    return added
  }

  /** Oldest first, as far back as kept. */
  trades(): readonly Trade[] {
    return this.#trades
  }

  last(): Trade | undefined {
    return this.#trades.at(-1)
  }

  bar(openAt: number): Bar | undefined {
    return this.#bars.get(openAt)
  }

  #fold(trade: Trade): void {
    const openAt = Math.floor(trade.at / MINUTE_MS) * MINUTE_MS
    let bar = this.#bars.get(openAt)
    if (bar === undefined) {
      const { price, id } = trade
      bar = {
        openAt,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 0,
        takerVolume: 0,
        turnover: 0,
        count: 0,
        firstId: id,
        lastId: id,
      }
      this.#bars.set(openAt, bar)
      if (this.#bars.size > KEPT_MINUTES) this.#bars.delete(this.#bars.keys().next().value!)
    }
    bar.high = Math.max(bar.high, trade.price)
    bar.low = Math.min(bar.low, trade.price)
    bar.close = trade.price
    bar.volume += trade.size
    bar.turnover += trade.price * trade.size
    bar.takerVolume += trade.isTakerBuy ? trade.size : 0
    bar.count++
    bar.lastId = trade.id
  }
}
