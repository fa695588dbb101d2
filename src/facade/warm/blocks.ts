/**
 * Settled stretches of candles, agreed once and recorded once. Hides that a series of five hundred candles is
 * nine tenths what it was a candle ago: a block is shared by every series it stands in, in memory and on record.
 */
import type { Instant } from '../../domain/attribution.ts'
import type { AgreedKlines } from '../../domain/klines.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval } from '../../domain/market.ts'
import { Recent } from '../../store/recent.ts'
import type { Part, Snapshots } from '../snapshots.ts'
import { agreedOf, answerOf } from './series.ts'
import type { SeriesInputs } from './series.ts'

export interface Block {
  readonly agreed: AgreedKlines
  /** Null where nothing is recorded. */
  readonly part: Part | null
}

export interface Blocks {
  /** The blocks a series begins with, and what of its inputs is left. */
  cut(
    whole: SeriesInputs,
    settledUntil: Instant,
  ): { readonly blocks: readonly Block[]; readonly rest: SeriesInputs }
}

interface Kept {
  readonly said: string
  readonly block: Block
}

/** Candles in one. */
const BLOCK = 25
/** Blocks held ready, evidence included, in candles. */
const KEPT_CANDLES = 40_000

/** The last instant at or before `at` where a block begins. */
export const blockStart = (interval: Interval, at: Instant): Instant => {
  const width = BLOCK * INTERVAL_MS[interval]
  return Math.floor(at / width) * width
}

export function createBlocks(snapshots: Snapshots, agree: typeof agreedOf): Blocks {
  const kept = new Recent<Kept>(KEPT_CANDLES)

  const blockOf = (inputs: SeriesInputs): Block => {
    const { symbol, interval, from } = inputs
    const key = `${symbol}:${interval}:${from}`
    const said = JSON.stringify([inputs.rows, inputs.failures])
    const known = kept.get(key)
    if (known !== undefined && known.said === said) return known.block
    const agreed = agree(inputs)
    const subject = `klines:${symbol}:${interval}:block`
    const part = snapshots.part({ kind: 'klines', symbol, subject, inputs, answer: answerOf(agreed) })
    const block = { agreed, part }
    kept.set(key, { said, block }, BLOCK)
    return block
  }

  return {
    cut(whole, settledUntil) {
      const width = BLOCK * INTERVAL_MS[whole.interval]
      const blocks: Block[] = []
      let at = whole.from
      for (; at + width <= Math.min(settledUntil, whole.to); at += width) {
        blocks.push(blockOf(between(whole, at, at + width)))
      }
      const parts = blocks.flatMap(({ part }) => part?.id ?? [])
      const rest = { ...between(whole, at, whole.to), from: whole.from, rowsFrom: at, parts }
      return { blocks, rest }
    },
  }
}

function between(whole: SeriesInputs, from: Instant, to: Instant): SeriesInputs {
  const rows = Object.fromEntries(
    Object.entries(whole.rows).map(([source, all]) => [
      source,
      all.filter(([openTime]) => openTime >= from && openTime < to),
    ]),
  )
  return { ...whole, from, to, rows }
}
