/**
 * Candles as they were known at a past instant: from the newest record not after it, and the blocks it rests on.
 * Never from a source.
 */
import type { KlineSeries } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { AgreedKlines } from '../../domain/klines.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { KlineRequest } from '../facade.ts'
import type { Recorded, Snapshots } from '../snapshots.ts'
import { WIDTHS, rangeOf, subjectOf } from './ranges.ts'
import { agreedOf, makeSeries, pageOf } from './series.ts'
import type { Series, SeriesInputs } from './series.ts'

export interface KlineRecords {
  past(request: KlineRequest & { readonly asOf: Instant }): Promise<Outcome<KlineSeries>>
}

export function createKlineRecords(snapshots: Snapshots): KlineRecords {
  const records = new WeakMap<Recorded, Series>()
  const agreements = new WeakMap<Recorded, AgreedKlines>()

  /** Null when a block it rests on is not held any more. */
  const seriesOf = async (recorded: Recorded): Promise<Series | null> => {
    const known = records.get(recorded)
    if (known !== undefined) return known
    const inputs = recorded.record.inputs as SeriesInputs
    const parts = await snapshots.parts(inputs.parts ?? [])
    const agreed = parts.flatMap((part) => (part === null ? [] : [agreedIn(part)]))
    if (agreed.length < parts.length) return null
    const series = makeSeries(inputs, [...agreed, agreedIn(recorded)], recorded.ref)
    records.set(recorded, series)
    return series
  }

  const agreedIn = (recorded: Recorded): AgreedKlines => {
    const known = agreements.get(recorded) ?? agreedOf(recorded.record.inputs as SeriesInputs)
    agreements.set(recorded, known)
    return known
  }

  return {
    async past({ symbol, interval, last, before, asOf }) {
      const wide = WIDTHS.filter((width) => width >= last)
      const { to, isNewest } = rangeOf(interval, last, before, asOf)
      const subjects = wide.flatMap((width) => [
        subjectOf(symbol, interval, width, null),
        ...(isNewest ? [] : [subjectOf(symbol, interval, width, to)]),
      ])
      const outcomes = await snapshots.asOf(subjects, asOf)
      const ms = INTERVAL_MS[interval]
      let newest: Recorded | null = null
      for (const outcome of outcomes) {
        if (!outcome.ok) continue
        const { from, to: end } = outcome.value.record.inputs as SeriesInputs
        if (!isNewest && (end < to || from > Math.max(0, to - last * ms))) continue
        if (newest === null || outcome.value.ref.takenAt > newest.ref.takenAt) newest = outcome.value
      }
      if (newest === null) return noRecord(outcomes)
      const series = await seriesOf(newest)
      if (series === null) return noRecord(outcomes)
      return answered(pageOf(series, { last, to: isNewest ? series.inputs.to : to, cache: null, now: asOf }))
    },
  }
}

/** The first refusal, with the oldest instant any of the subjects is held at. */
function noRecord(outcomes: readonly Outcome<unknown>[]): Outcome<never> {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]))
  const bad = errors.find(({ code }) => code !== 'SNAPSHOT_NOT_FOUND')
  if (bad !== undefined) return { ok: false, error: bad }
  const held = errors.flatMap(({ facts }) => (typeof facts.earliest === 'number' ? [facts.earliest] : []))
  const earliest = held.length === 0 ? null : Math.min(...held)
  return refused('SNAPSHOT_NOT_FOUND', 'No record of these candles at that instant.', { earliest })
}
