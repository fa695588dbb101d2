/** One bar as a value: begun by a trade, grown by trades, and joined with the bar after it. */
import type { Decimal, Instant } from './attribution.ts'
import { add, compare } from './decimal.ts'
import { INTERVAL_MS, type Interval } from './market.ts'

/** A `Candle` without the names of its market. Volume in base units. */
export interface BarValues {
  readonly interval: Interval
  readonly openTime: Instant
  /** Exclusive end. */
  readonly closeTime: Instant
  readonly open: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly close: Decimal
  readonly volume: Decimal
  readonly isClosed: boolean
}

export interface BarTrade {
  readonly price: Decimal
  readonly size: Decimal
  readonly executedAt: Instant
}

/** A minute under construction: also knows which trades its open and close came from. */
export interface Minute {
  readonly bar: BarValues
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/** Days, hours and minutes all begin at multiples of their length: every venue's UTC grid. */
export const openTimeOf = (at: Instant, interval: Interval): Instant => at - (at % INTERVAL_MS[interval])

export const beginMinute = (trade: BarTrade): Minute => {
  const openTime = openTimeOf(trade.executedAt, 'M1')
  const { price, size, executedAt } = trade
  const bar: BarValues = {
    interval: 'M1',
    openTime,
    closeTime: openTime + INTERVAL_MS.M1,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: size,
    isClosed: false,
  }
  return { bar, firstAt: executedAt, lastAt: executedAt }
}

/** Trades of one instant count in the order they came. */
export const growMinute = (minute: Minute, trade: BarTrade): Minute => {
  const { bar, firstAt, lastAt } = minute
  const { price, size, executedAt } = trade
  const grown: BarValues = {
    ...bar,
    open: executedAt < firstAt ? price : bar.open,
    high: higher(bar.high, price),
    low: lower(bar.low, price),
    close: executedAt >= lastAt ? price : bar.close,
    volume: add(bar.volume, size),
  }
  return { bar: grown, firstAt: Math.min(firstAt, executedAt), lastAt: Math.max(lastAt, executedAt) }
}

/** A minute as the first part of a longer bar that is still open. */
export const widen = (minute: BarValues, interval: Interval): BarValues => {
  const openTime = openTimeOf(minute.openTime, interval)
  return { ...minute, interval, openTime, closeTime: openTime + INTERVAL_MS[interval], isClosed: false }
}

/** A longer bar with a later minute in it. */
export const extend = (bar: BarValues, minute: BarValues): BarValues => ({
  ...bar,
  high: higher(bar.high, minute.high),
  low: lower(bar.low, minute.low),
  close: minute.close,
  volume: add(bar.volume, minute.volume),
})

export const isSameBar = (a: BarValues, b: Omit<BarValues, 'interval' | 'closeTime' | 'isClosed'>): boolean =>
  compare(a.open, b.open) === 0 &&
  compare(a.high, b.high) === 0 &&
  compare(a.low, b.low) === 0 &&
  compare(a.close, b.close) === 0 &&
  compare(a.volume, b.volume) === 0

const higher = (a: Decimal, b: Decimal): Decimal => (compare(b, a) > 0 ? b : a)

const lower = (a: Decimal, b: Decimal): Decimal => (compare(b, a) < 0 ? b : a)
