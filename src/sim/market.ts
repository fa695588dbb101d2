/**
 * One venue's market of one symbol: its book, its trades and its candles, in the venue's own digits. It sleeps
 * (a pure function of time) until somebody asks for its book or trades; then it lives, tick by tick. Hides how
 * orders come and go.
 */
import type { MarketSymbol, Venue } from '../domain/market.ts'
import { baseOf, quoteOf } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { Chart, foldBars } from './chart.ts'
import type { BarRange } from './chart.ts'
import { STABLE } from './coins.ts'
import { POWERS, priceDigitsOf, sizeDigitsOf } from './digits.ts'
import { Ladder } from './ladder.ts'
import { chance, randomOf, seedOf } from './random.ts'
import { Tape } from './tape.ts'
import type { Bar, Trade } from './tape.ts'
import { HOUR_MS, MINUTE_MS } from './world.ts'
import type { World } from './world.ts'

export type Change = readonly [price: number, size: number]

/** What one moment did to a market. */
export interface Moment {
  readonly at: number
  readonly bids: readonly Change[]
  readonly asks: readonly Change[]
  readonly trades: readonly Trade[]
}

export interface MarketOptions {
  readonly world: World
  readonly seed: number
  readonly venue: Venue
  readonly symbol: MarketSymbol
  /** When the sources opened their doors; candles reach this far back, in hours before it. */
  readonly startAt: number
  readonly keptTrades: number
  /** Trades a second of a busy market; by default as busy as its volume makes it. */
  readonly tradesPerSecond?: number
  /** 1, or what a fault makes of the price now. */
  readonly distortion: (market: Market) => number
  readonly isQuiet: (market: Market) => boolean
}

/** Of the world's volume. Tether pairs at the dollar venues are thin. */
const SHARES: Readonly<Record<Venue, number>> = { BINANCE: 0.14, OKX: 0.06, COINBASE: 0.05, KRAKEN: 0.02 }
const LEVELS = 230
const MOST_LEVELS = 260
const BACKLOG_MS = 2 * MINUTE_MS

export class Market {
  readonly venue: Venue
  readonly symbol: MarketSymbol
  readonly base: string
  readonly quote: string
  readonly priceDigits: number
  readonly sizeDigits: number
  readonly bids = new Ladder(true)
  readonly asks = new Ladder(false)
  readonly #options: MarketOptions
  readonly #seed: number
  readonly #random: () => number
  readonly #bias: number
  readonly #chart: Chart
  readonly #usualSize: number
  readonly #tradesPerMs: number
  #tape: Tape | null = null

  constructor(options: MarketOptions) {
    const { venue, symbol, world, startAt } = options
    this.#options = options
    this.venue = venue
    this.symbol = symbol
    this.base = baseOf(symbol)
    this.quote = quoteOf(symbol)
    const price = world.price(symbol, startAt)
    this.priceDigits = priceDigitsOf(venue, price)
    this.sizeDigits = sizeDigitsOf(venue, price)
    this.#seed = seedOf(options.seed, `${venue} ${symbol}`)
    this.#random = randomOf(this.#seed)
    this.#bias = (chance(this.#seed, 7) - 0.5) * (STABLE.has(this.base) ? 0.0001 : 0.0007)
    const share =
      SHARES[venue] * (this.quote === 'USDT' && (venue === 'COINBASE' || venue === 'KRAKEN') ? 0.05 : 1)
    const perDay = world.dailyVolume(this.base) * share
    const dollarsPerSecond = (perDay * price) / 86_400
    const perSecond =
      options.tradesPerSecond ?? Math.min(2.5, Math.max(0.15, Math.sqrt(dollarsPerSecond) / 80))
    this.#tradesPerMs = perSecond / 1000
    this.#usualSize = (perDay / 86_400 / perSecond) * POWERS[this.sizeDigits]!
    this.#chart = new Chart({
      world,
      symbol,
      startAt,
      share,
      scale: this.#scale * (1 + this.#bias),
      sizeDigits: this.sizeDigits,
      tradesPerMinute: perSecond * 60,
    })
  }

  get isAwake(): boolean {
    return this.#tape !== null
  }

  /** In quote units. */
  fair(at: number): number {
    const { world, distortion } = this.#options
    const sway = (chance(this.#seed, Math.floor(at / 20_000), 9) - 0.5) * 0.00005
    return world.price(this.symbol, at) * (1 + this.#bias + sway) * distortion(this)
  }

  /** Opens the book and writes the tape of the last minutes. Does nothing twice. */
  wake(at: number): void {
    if (this.#tape !== null) return
    const from = Math.floor(at / MINUTE_MS) * MINUTE_MS - BACKLOG_MS
    this.#tape = new Tape({
      firstId: 1_000_000 + (Math.floor(from / 100) % 10_000_000_000),
      kept: this.#options.keptTrades,
    })
    this.#chart.follow(this.#tape, from)
    const step = 250
    for (let then = from; then < at; then += step) {
      for (let left = this.#count(step); left > 0; left--) {
        const isTakerBuy = this.#random() < 0.5
        const price = Math.round(this.fair(then) * this.#scale + (isTakerBuy ? 0.5 : -0.5))
        this.#tape.add({ price, size: this.#size(), isTakerBuy, at: then })
      }
    }
    this.#settle(at)
    this.bids.takeChanges()
    this.asks.takeChanges()
  }

  /** Lives through the `ms` that end at `at`. */
  advance(at: number, ms: number): Moment {
    const trades = this.#options.isQuiet(this) ? [] : this.#trade(at, ms)
    this.#settle(at)
    this.#churn(this.bids, -1)
    this.#churn(this.asks, 1)
    return { at, bids: this.bids.takeChanges(), asks: this.asks.takeChanges(), trades }
  }

  trades(at: number): readonly Trade[] {
    this.wake(at)
    return this.#tape!.trades()
  }

  tradesSoFar(): readonly Trade[] {
    return this.#tape?.trades() ?? []
  }

  /** Best bid and ask of a living or a sleeping market, in ticks and lots. */
  touch(at: number): { readonly bid: Change; readonly ask: Change; readonly last: number } {
    if (this.isAwake) {
      const last = this.#tape!.last()?.price ?? this.bids.prices[0]!
      return {
        bid: [this.bids.prices[0]!, this.bids.sizes[0]!],
        ask: [this.asks.prices[0]!, this.asks.sizes[0]!],
        last,
      }
    }
    const { bid, ask } = this.#target(at)
    const size = Math.max(1, Math.round(this.#usualSize))
    return { bid: [bid, size], ask: [ask, size * 2], last: bid }
  }

  /** Candles with `from <= openAt < to`, forming one included, oldest first; a minute without trades repeats the close. */
  bars(interval: Interval, range: BarRange): readonly Bar[] {
    return this.#chart.bars(interval, range)
  }

  /** Base lots and ticks×lots of the last 24 hours, with the extremes. */
  day(at: number): Bar {
    const from = Math.floor(at / HOUR_MS) * HOUR_MS - 23 * HOUR_MS
    return foldBars(this.bars('H1', { from, to: at + 1, at }))
  }

  get #scale(): number {
    return POWERS[this.priceDigits]!
  }

  #count(ms: number): number {
    const expected = this.#tradesPerMs * ms
    return Math.floor(expected) + (this.#random() < expected % 1 ? 1 : 0)
  }

  #size(): number {
    // Exponential, as order sizes roughly are; the mean is what the day's volume asks for.
    return Math.max(1, Math.round(-Math.log(1 - this.#random() * 0.999) * this.#usualSize))
  }

  #trade(at: number, ms: number): readonly Trade[] {
    const trades: Trade[] = []
    const middle = (this.bids.prices[0]! + this.asks.prices[0]!) / 2
    const lean = this.fair(at) * this.#scale > middle ? 0.75 : 0.25
    for (let left = this.#count(ms); left > 0; left--) {
      const isTakerBuy = this.#random() < lean
      const side = isTakerBuy ? this.asks : this.bids
      if (side.length < 2) break
      const price = side.prices[0]!
      const resting = side.sizes[0]!
      const size = Math.min(resting, this.#size())
      trades.push(this.#tape!.add({ price, size, isTakerBuy, at }))
      side.set(price, resting - size)
    }
    return trades
  }

  #target(at: number): { readonly bid: number; readonly ask: number } {
    const fair = this.fair(at) * this.#scale
    const spread = Math.max(1, Math.round(fair * (STABLE.has(this.base) ? 0.00001 : 0.00003)))
    const bid = Math.max(1, Math.floor(fair - spread / 2))
    return { bid, ask: bid + spread }
  }

  /** Brings both sides to where the price is now: what it ran through is gone, the touch is filled, the depth is kept. */
  #settle(at: number): void {
    const { bid, ask } = this.#target(at)
    if (this.bids.length === 0 || Math.abs(this.bids.prices[0]! / bid - 1) > 0.01) {
      this.bids.clear()
      this.asks.clear()
    }
    while (this.bids.length > 0 && this.bids.prices[0]! > bid) this.bids.removeAt(0)
    while (this.asks.length > 0 && this.asks.prices[0]! < ask) this.asks.removeAt(0)
    if (this.bids.prices[0] !== bid) this.bids.set(bid, this.#levelSize(0))
    if (this.asks.prices[0] !== ask) this.asks.set(ask, this.#levelSize(0))
    this.#deepen(this.bids, -1)
    this.#deepen(this.asks, 1)
  }

  #deepen(side: Ladder, direction: 1 | -1): void {
    while (side.length > MOST_LEVELS) side.removeAt(side.length - 1)
    while (side.length < LEVELS) {
      const price = side.prices.at(-1)! + direction * this.#gap(side.length)
      if (price < 1) return
      side.set(price, this.#levelSize(side.length))
    }
  }

  /** Wider further out: some two per cent in all. */
  #gap(depth: number): number {
    const usual = this.bids.prices[0]! * (STABLE.has(this.base) ? 0.00001 : 0.00002 + depth * 0.0000008)
    return Math.max(1, Math.round(usual * (0.3 + 1.4 * this.#random())))
  }

  #levelSize(depth: number): number {
    return Math.max(1, Math.round(this.#usualSize * (0.4 + 6 * this.#random() ** 3 + depth * 0.02)))
  }

  #churn(side: Ladder, direction: 1 | -1): void {
    for (let left = 1 + Math.floor(this.#random() * 5); left > 0; left--) {
      const at = Math.floor(this.#random() ** 2 * side.length)
      const kind = this.#random()
      if (kind < 0.12 && at > 0 && side.length > LEVELS - 20) side.removeAt(at)
      else if (kind < 0.25) {
        const price = side.prices[at]! + direction * this.#gap(at)
        if (price > 0) side.set(price, this.#levelSize(at))
      } else side.set(side.prices[at]!, this.#levelSize(at))
    }
  }
}
