/**
 * The bars of one venue and symbol, built from its trades: trades fold into minutes, minutes fold upward
 * into every longer interval of the same UTC day. Quiet minutes leave no bar. A minute closes when a later
 * one begins, when its venue says so, or by time; the venue's own closed minute wins over ours.
 */
import type { Instant } from './attribution.ts'
import {
  beginMinute,
  extend,
  growMinute,
  isSameBar,
  openTimeOf,
  widen,
  type BarTrade,
  type BarValues,
  type Minute,
} from './bar.ts'
import type { CandleEvent } from './event.ts'
import { INTERVAL_MS, INTERVALS, type Interval } from './market.ts'
import { compare } from './decimal.ts'

export type { BarTrade, BarValues } from './bar.ts'

const LONGER = INTERVALS.filter((interval) => interval !== 'M1')
/** After a bar's end, what its last trades and the venue's own candle are given to arrive. */
export const CLOSE_GRACE_MS = 2_000

export class BarFold {
  /** Minutes of the present UTC day in order; the last one may still be open. */
  #minutes: Minute[] = []
  /** Open times the venue's own candle has settled: late trades no longer change them. */
  readonly #agreed = new Set<Instant>()
  /** Longer bars over every minute but the last. */
  readonly #settled = new Map<Interval, BarValues>()
  #closedUntil: Instant = 0
  /** The venue's newest candle where it does not say whether it is closed. */
  #unsaid: CandleEvent | null = null
  /** Minutes that were not watched from beginning to end cannot differ from the venue's. */
  #watchedFrom: Instant
  #differences = 0

  /** `since`: from when on every trade is seen; earlier minutes are known to be partial. */
  constructor(since: Instant) {
    this.#watchedFrom = since
  }

  /** Wholly watched minutes in which the venue's closed candle was not ours. */
  get differences(): number {
    return this.#differences
  }

  /** The link was lost: what is open now will be partial unless the venue's candle or backfilled trades mend it. */
  missed(since: Instant): void {
    this.#watchedFrom = since
  }

  /** The newest bar of one interval, open or closed; null before the first trade. */
  bar(interval: Interval): BarValues | null {
    const newest = this.#minutes[this.#minutes.length - 1]?.bar
    if (newest === undefined) return null
    if (interval === 'M1') return newest
    const settled = this.#settled.get(interval)
    const openTime = openTimeOf(newest.openTime, interval)
    const isSame = settled !== undefined && settled.openTime === openTime
    const bar = isSame ? extend(settled, newest) : widen(newest, interval)
    return bar.closeTime <= this.#closedUntil ? { ...bar, isClosed: true } : bar
  }

  /** Bars this trade changed, closed ones first; of each interval at most one closed and one open. */
  take(trade: BarTrade): readonly BarValues[] {
    const openTime = openTimeOf(trade.executedAt, 'M1')
    const newest = this.#minutes[this.#minutes.length - 1]
    if (newest === undefined || openTime > newest.bar.openTime) return this.#begin(trade, openTime)
    if (openTime === newest.bar.openTime) {
      if (this.#agreed.has(openTime)) return []
      this.#minutes[this.#minutes.length - 1] = growMinute(newest, trade)
      return this.#present(openTime)
    }
    return this.#takeLate(trade, openTime)
  }

  /** Bars whose time is over: call it at least once a second. */
  closeDue(now: Instant): readonly BarValues[] {
    return this.#closeUntil(now - CLOSE_GRACE_MS)
  }

  /** The venue's own one-minute candle; a closed one wins over ours. Changed bars, as in `take`. */
  agree(candle: CandleEvent): readonly BarValues[] {
    if (candle.interval !== 'M1') return []
    if (candle.isClosed === true) return this.#adopt(candle)
    if (candle.isClosed === false) return []
    const before = this.#unsaid
    this.#unsaid = candle
    return before !== null && candle.openTime > before.openTime ? this.#adopt(before) : []
  }

  /** Closed minutes from before, oldest first, so that longer bars are whole from the start. */
  seed(candles: readonly Omit<CandleEvent, 'kind' | 'spelling' | 'interval' | 'isClosed'>[]): void {
    for (const candle of candles) {
      this.#place({ ...candle, kind: 'candle', spelling: '', interval: 'M1', isClosed: true })
    }
    this.#resettle()
  }

  #begin(trade: BarTrade, openTime: Instant): readonly BarValues[] {
    const closed = this.#closeUntil(openTime)
    this.#settleNewest()
    this.#forgetBefore(openTimeOf(openTime, 'D1'))
    this.#minutes.push(beginMinute(trade))
    return [...closed, ...this.#present(openTime)]
  }

  #takeLate(trade: BarTrade, openTime: Instant): readonly BarValues[] {
    if (this.#agreed.has(openTime) || openTime < this.#dayStart()) return []
    const at = this.#indexOf(openTime)
    const known = this.#minutes[at]
    const minute =
      known?.bar.openTime === openTime ? growMinute(known, trade) : closedMinute(beginMinute(trade))
    if (known?.bar.openTime === openTime) this.#minutes[at] = minute
    else this.#minutes.splice(at, 0, minute)
    this.#resettle()
    return this.#present(openTime)
  }

  #adopt(candle: CandleEvent): readonly BarValues[] {
    const { openTime } = candle
    if (openTime < this.#dayStart()) return []
    const known = this.#minutes[this.#indexOf(openTime)]?.bar
    const ours = known?.openTime === openTime ? known : null
    // A venue repeats the last close over a quiet minute; we invent no bar from that.
    if (ours === null && compare(candle.volume, '0') === 0) return []
    const isSame = ours !== null && isSameBar(ours, candle)
    if (!isSame && openTime >= this.#watchedFrom) this.#differences += 1
    const due = this.#closeUntil(openTime)
    this.#place(candle)
    this.#resettle()
    const wasClosed = ours?.isClosed === true
    if (isSame && wasClosed) return due
    this.#closedUntil = Math.max(this.#closedUntil, openTime + INTERVAL_MS.M1)
    return [...due, ...this.#present(openTime)]
  }

  /** Puts the venue's closed minute where ours is, or would be. */
  #place(candle: CandleEvent): void {
    const { openTime, open, high, low, close, volume } = candle
    const closeTime = openTime + INTERVAL_MS.M1
    const bar: BarValues = {
      interval: 'M1',
      openTime,
      closeTime,
      open,
      high,
      low,
      close,
      volume,
      isClosed: true,
    }
    const at = this.#indexOf(openTime)
    const isKnown = this.#minutes[at]?.bar.openTime === openTime
    this.#minutes.splice(at, isKnown ? 1 : 0, { bar, firstAt: openTime, lastAt: closeTime - 1 })
    this.#agreed.add(openTime)
  }

  /** The minute of `openTime` and every longer bar around it that is the newest of its interval or just closed. */
  #present(openTime: Instant): readonly BarValues[] {
    const minute = this.#minutes[this.#indexOf(openTime)]?.bar
    if (minute === undefined) return []
    const bars = [minute]
    for (const interval of LONGER) {
      const newest = this.bar(interval)
      if (newest === null) continue
      const isOfNewest = openTimeOf(openTime, interval) === newest.openTime
      bars.push(isOfNewest ? newest : this.#foldAt(openTimeOf(openTime, interval), interval))
    }
    return bars
  }

  #closeUntil(until: Instant): readonly BarValues[] {
    if (until <= this.#closedUntil) return []
    const newest = this.#minutes[this.#minutes.length - 1]
    const before = this.#closedUntil
    this.#closedUntil = until
    if (newest === undefined) return []
    const closed: BarValues[] = []
    if (!newest.bar.isClosed && newest.bar.closeTime <= until) {
      this.#minutes[this.#minutes.length - 1] = closedMinute(newest)
      closed.push(this.#minutes[this.#minutes.length - 1]!.bar)
    }
    for (const interval of LONGER) {
      const bar = this.bar(interval)
      if (bar !== null && bar.isClosed && bar.closeTime > before) closed.push(bar)
    }
    return closed
  }

  #settleNewest(): void {
    for (const interval of LONGER) {
      const bar = this.bar(interval)
      if (bar !== null) this.#settled.set(interval, { ...bar, isClosed: false })
    }
  }

  /** A minute in the past changed: the longer bars are folded again from the day's minutes. */
  #resettle(): void {
    this.#settled.clear()
    const newest = this.#minutes[this.#minutes.length - 1]
    if (newest === undefined) return
    for (const interval of LONGER) {
      const openTime = openTimeOf(newest.bar.openTime, interval)
      const settled = this.#fold(openTime, newest.bar.openTime, interval)
      if (settled !== null) this.#settled.set(interval, settled)
    }
  }

  #foldAt(openTime: Instant, interval: Interval): BarValues {
    const bar = this.#fold(openTime, openTime + INTERVAL_MS[interval], interval)!
    return { ...bar, isClosed: bar.closeTime <= this.#closedUntil }
  }

  #fold(from: Instant, to: Instant, interval: Interval): BarValues | null {
    let folded: BarValues | null = null
    for (let at = this.#indexOf(from); at < this.#minutes.length; at++) {
      const { bar } = this.#minutes[at]!
      if (bar.openTime >= to) break
      folded = folded === null ? widen(bar, interval) : extend(folded, bar)
    }
    return folded
  }

  #forgetBefore(dayStart: Instant): void {
    if ((this.#minutes[0]?.bar.openTime ?? dayStart) >= dayStart) return
    this.#minutes = this.#minutes.filter((minute) => minute.bar.openTime >= dayStart)
    for (const openTime of this.#agreed) if (openTime < dayStart) this.#agreed.delete(openTime)
  }

  #dayStart(): Instant {
    const newest = this.#minutes[this.#minutes.length - 1]
    return newest === undefined ? 0 : openTimeOf(newest.bar.openTime, 'D1')
  }

  /** Where the minute of `openTime` is, or belongs: looked for from the newest back. */
  #indexOf(openTime: Instant): number {
    let at = this.#minutes.length
    while (at > 0 && this.#minutes[at - 1]!.bar.openTime >= openTime) at--
    return at
  }
}

const closedMinute = (minute: Minute): Minute => ({ ...minute, bar: { ...minute.bar, isClosed: true } })
