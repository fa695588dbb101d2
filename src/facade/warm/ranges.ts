/**
 * Which candles a question means, and under which name their series is recorded. Ranges come in a few widths, so
 * that readers who want slightly different numbers of candles share one.
 */
import type { Instant } from '../../domain/attribution.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval, MarketSymbol } from '../../domain/market.ts'

export const MOST_CANDLES = 5_000
/** A request is cut from the next wider one. */
export const WIDTHS: readonly number[] = [100, 500, 1000, 2500, MOST_CANDLES]

/** `to` is the end of the newest candle wanted; `before` is exclusive and need not be aligned. */
export function rangeOf(interval: Interval, last: number, before: Instant | null, now: Instant) {
  const ms = INTERVAL_MS[interval]
  const present = Math.floor(now / ms) * ms + ms
  const to = before === null ? present : Math.min(Math.ceil(before / ms) * ms, present)
  const width = WIDTHS.find((each) => each >= last) ?? MOST_CANDLES
  return { from: to - width * ms, to, width, isNewest: to === present }
}

export const subjectOf = (
  symbol: MarketSymbol,
  interval: Interval,
  width: number,
  to: Instant | null,
): string => `klines:${symbol}:${interval}:${width}${to === null ? '' : `:${to}`}`
