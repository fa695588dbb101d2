/**
 * The candles of one simulated market: what the world says of the past, and what was traded since its tape began.
 * Hides where one ends and the other begins.
 */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval, MarketSymbol } from '../domain/market.ts'
import { POWERS } from './digits.ts'
import type { Bar, Tape } from './tape.ts'
import { HOUR_MS, MINUTE_MS } from './world.ts'
import type { Past, World } from './world.ts'

export interface BarRange {
  readonly from: number
  readonly to: number
  /** When this is asked: nothing after it is known. */
  readonly at: number
}

export interface ChartOptions {
  readonly world: World
  readonly symbol: MarketSymbol
  /** Ticks per quote unit, with the venue's own leaning. */
  readonly scale: number
  readonly sizeDigits: number
  /** Of the world's volume. */
  readonly share: number
  readonly tradesPerMinute: number
  readonly startAt: number
}

const HISTORY_HOURS = 24 * 260

export class Chart {
  readonly #options: ChartOptions
  #tape: Tape | null = null
  #awakeFrom = Number.POSITIVE_INFINITY

  constructor(options: ChartOptions) {
    this.#options = options
  }

  /** From here on the trades decide. */
  follow(tape: Tape, from: number): void {
    this.#tape = tape
    this.#awakeFrom = from
  }

  /** Candles with `from <= openAt < to`, forming one included, oldest first; a minute without trades repeats the close. */
  bars(interval: Interval, range: BarRange): readonly Bar[] {
    const length = INTERVAL_MS[interval]
    const first =
      Math.floor((this.#options.startAt - HISTORY_HOURS * HOUR_MS) / INTERVAL_MS.D1) * INTERVAL_MS.D1
    const bars: Bar[] = []
    const from = Math.max(first, Math.ceil(range.from / length) * length)
    for (let openAt = from; openAt < range.to && openAt <= range.at; openAt += length) {
      bars.push(this.#bar(openAt, length, range.at))
    }
    return bars
  }

  #bar(openAt: number, length: number, at: number): Bar {
    if (length > HOUR_MS) {
      const parts: Bar[] = []
      for (let part = openAt; part < openAt + length && part <= at; part += HOUR_MS)
        parts.push(this.#bar(part, HOUR_MS, at))
      return { ...foldBars(parts), openAt }
    }
    if (length === HOUR_MS && openAt + length <= Math.min(this.#awakeFrom, at)) {
      return this.#pastBar(openAt, this.#options.world.hour(this.#options.symbol, openAt), 60)
    }
    const parts: Bar[] = []
    for (let part = openAt; part < openAt + length && part <= at; part += MINUTE_MS)
      parts.push(this.#minute(part, at, parts.at(-1)))
    return { ...foldBars(parts), openAt }
  }

  #minute(openAt: number, at: number, previous: Bar | undefined): Bar {
    if (openAt < this.#awakeFrom) {
      // The forming minute of a sleeping market: as much of it as has passed.
      const past = this.#options.world.minute(this.#options.symbol, openAt)
      const part = Math.min(1, Math.max(0.02, (at - openAt) / MINUTE_MS))
      return this.#pastBar(openAt, part === 1 ? past : this.#forming(past, at, part), part)
    }
    const bar = this.#tape!.bar(openAt)
    if (bar !== undefined) return bar
    const close = previous?.close ?? this.#closeBefore(openAt)
    return {
      openAt,
      open: close,
      high: close,
      low: close,
      close,
      volume: 0,
      takerVolume: 0,
      turnover: 0,
      count: 0,
      firstId: -1,
      lastId: -1,
    }
  }

  #closeBefore(openAt: number): number {
    for (let then = openAt - MINUTE_MS; then >= this.#awakeFrom; then -= MINUTE_MS) {
      const bar = this.#tape!.bar(then)
      if (bar !== undefined) return bar.close
    }
    return this.#pastBar(
      openAt,
      this.#options.world.minute(this.#options.symbol, this.#awakeFrom - MINUTE_MS),
      1,
    ).close
  }

  #forming(past: Past, at: number, part: number): Past {
    const close = this.#options.world.price(this.#options.symbol, at)
    return {
      open: past.open,
      high: Math.max(past.open, close),
      low: Math.min(past.open, close),
      close,
      volume: past.volume * part,
    }
  }

  #pastBar(openAt: number, past: Past, minutes: number): Bar {
    const { scale, share, sizeDigits, tradesPerMinute } = this.#options
    const volume = Math.max(1, Math.round(past.volume * share * POWERS[sizeDigits]!))
    const [open, high, low, close] = [past.open, past.high, past.low, past.close].map((price) =>
      Math.round(price * scale),
    ) as [number, number, number, number]
    return {
      openAt,
      open,
      high,
      low,
      close,
      volume,
      takerVolume: Math.round(volume * 0.49),
      turnover: volume * ((open + high + low + close) / 4),
      count: Math.max(1, Math.round(tradesPerMinute * minutes)),
      firstId: 1,
      lastId: 1,
    }
  }
}

export function foldBars(parts: readonly Bar[]): Bar {
  const bar = { ...parts[0]!, close: parts.at(-1)!.close }
  for (const part of parts.slice(1)) {
    bar.high = Math.max(bar.high, part.high)
    bar.low = Math.min(bar.low, part.low)
    bar.volume += part.volume
    bar.takerVolume += part.takerVolume
    bar.turnover += part.turnover
    bar.count += part.count
    if (part.lastId > 0) bar.lastId = part.lastId
  }
  return bar
}
