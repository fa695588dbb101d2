/**
 * A range of candles agreed once, and every page cut from it. The record holds each venue's own rows, those of
 * settled stretches by reference to a block's record, so the same series is made again from it, evidence and
 * all.
 */
import type { KlineSeries } from '../../domain/answer.ts'
import type { CacheEntry, DropReason, Instant, SnapshotRef } from '../../domain/attribution.ts'
import { agreeKlines } from '../../domain/klines.ts'
import type { AgreedKlines } from '../../domain/klines.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval, MarketSymbol, Source } from '../../domain/market.ts'
import { reconcile } from '../../domain/reconcile.ts'
import type { Policy } from '../../domain/reconcile.ts'
import { klineText } from '../../domain/text.ts'
import { textOf } from './decided.ts'

type Row = readonly [
  openTime: Instant,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string | null,
]

/** All a series is made from; survives JSON. */
export interface SeriesInputs {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  /** Half-open range of open times. */
  readonly from: Instant
  readonly to: Instant
  readonly now: Instant
  readonly policy: Policy
  /** Ids of the blocks it begins with; absent where it rests on none. */
  readonly parts?: readonly string[]
  /** Where the blocks end and the rows begin; `from` where absent. */
  readonly rowsFrom?: Instant
  readonly rows: Readonly<Partial<Record<Source, readonly Row[]>>>
  readonly failures: Readonly<Partial<Record<Source, DropReason>>>
  readonly receivedAt: Readonly<Partial<Record<Source, Instant>>>
  /** True when some venue has candles before `from`. */
  readonly hasOlder: boolean
}

export interface Series {
  readonly inputs: SeriesInputs
  readonly agreed: AgreedKlines
  readonly snapshot: SnapshotRef | null
  /** Pages cut so far, by what tells them apart. */
  readonly pages: Map<string, KlineSeries>
}

/** `agreed` is what its blocks come to and what its own rows come to, oldest first. */
export function makeSeries(
  inputs: SeriesInputs,
  agreed: readonly AgreedKlines[],
  snapshot: SnapshotRef | null,
): Series {
  const nodes = agreed.flatMap((each) => each.nodes)
  const rejected = agreed.flatMap((each) => each.rejected)
  return { inputs, agreed: { nodes, rejected }, snapshot, pages: new Map() }
}

/** What the rows themselves come to; blocks are records of their own. */
export function agreedOf(inputs: SeriesInputs): AgreedKlines {
  const { symbol, interval, from, to, now, policy } = inputs
  const perSource = new Map(
    entriesOf(inputs.rows).map(([source, rows]) => [source, rows.map(candleOf)] as const),
  )
  return agreeKlines(perSource, {
    symbol,
    interval,
    from: inputs.rowsFrom ?? from,
    to,
    now,
    policy,
    failures: new Map(entriesOf(inputs.failures)),
    receivedAt: new Map(entriesOf(inputs.receivedAt)),
  })
}

/** What a reader could check the series by: agreed rows, and the open times of refused ones. */
export const answerOf = ({ nodes, rejected }: AgreedKlines) => ({
  rows: nodes.map(({ openTime, open, high, low, close, volume }): Row => [
    openTime,
    open,
    high,
    low,
    close,
    volume,
  ]),
  rejected: rejected.map(({ openTime }) => openTime),
})

/** The newest `last` intervals before `to`. The same page of the same series is the same object. */
export function pageOf(
  series: Series,
  {
    last,
    to,
    cache,
    now,
  }: {
    readonly last: number
    readonly to: Instant
    readonly cache: CacheEntry | null
    readonly now: Instant
  },
): KlineSeries {
  const name = `${last}:${to}:${cache?.status ?? ''}`
  const known = series.pages.get(name)
  if (known !== undefined) return known
  const { inputs, agreed } = series
  const from = Math.max(inputs.from, to - last * INTERVAL_MS[inputs.interval])
  const within = ({ openTime }: { readonly openTime: Instant }) => openTime >= from && openTime < to
  const isWhole = from === inputs.from && to === inputs.to
  const nodes = isWhole ? agreed.nodes : agreed.nodes.filter(within)
  const rejected = isWhole ? agreed.rejected : agreed.rejected.filter(within)
  const page: KlineSeries = {
    nodes,
    rejected,
    pageInfo: pageInfoOf(series, nodes, rejected, from),
    attribution: attributionOf(series, { nodes, rejected, cache, now }),
  }
  series.pages.set(name, page)
  return page
}

function pageInfoOf(
  { inputs, agreed }: Series,
  nodes: KlineSeries['nodes'],
  rejected: KlineSeries['rejected'],
  from: Instant,
): KlineSeries['pageInfo'] {
  const isOlder = ({ openTime }: { readonly openTime: Instant }) => openTime < from
  const hasPreviousPage = inputs.hasOlder || agreed.nodes.some(isOlder) || agreed.rejected.some(isOlder)
  // Behind refused candles too, so that the page before does not show them again; an empty page is stepped over.
  const first = Math.min(nodes[0]?.openTime ?? Infinity, rejected[0]?.openTime ?? Infinity)
  const startCursor = Number.isFinite(first) ? first : hasPreviousPage ? from : null
  return { hasPreviousPage, startCursor, endCursor: nodes.at(-1)?.openTime ?? null }
}

function attributionOf(
  { inputs, snapshot }: Series,
  {
    nodes,
    rejected,
    cache,
    now,
  }: Pick<KlineSeries, 'nodes' | 'rejected'> & { readonly cache: CacheEntry | null; readonly now: Instant },
): KlineSeries['attribution'] {
  const sources = inputs.policy.order.filter((source) =>
    nodes.some(({ reconciliation }) => reconciliation.close.used.some((quote) => quote.source === source)),
  )
  const newest = nodes.at(-1)
  const times = Object.values(inputs.receivedAt)
  const receivedAt = times.length === 0 ? inputs.now : Math.max(...times)
  return {
    authority: 'RECONCILED',
    sources,
    confidence: newest === undefined ? 0 : confidenceOf(newest, inputs.policy),
    tier: 'WARM',
    text: textOf(
      klineText({ interval: inputs.interval, sources, nodes: nodes.length, rejected: rejected.length }),
      cache,
      now,
    ),
    observedAt: Math.min(newest?.closeTime ?? inputs.now, receivedAt),
    receivedAt,
    cache,
    snapshot,
  }
}

/** That of the newest close: what a reader of the series acts on. */
function confidenceOf({ reconciliation }: KlineSeries['nodes'][number], policy: Policy): number {
  const { used, dropped } = reconciliation.close
  const heard = [...used, ...dropped].filter(({ value }) => value !== null)
  const claims = heard.map(({ source, value, observedAt }) => {
    return { source, value, observedAt, receivedAt: observedAt, conversion: null, failure: null }
  })
  return reconcile(claims, { ...policy, maxAgeMs: Infinity }).confidence
}

export const rowOf = (candle: {
  readonly openTime: Instant
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string | null
}): Row => [candle.openTime, candle.open, candle.high, candle.low, candle.close, candle.volume]

const candleOf = ([openTime, open, high, low, close, volume]: Row) => {
  return { openTime, open, high, low, close, volume }
}

function entriesOf<V>(record: Readonly<Partial<Record<Source, V>>>): readonly (readonly [Source, V])[] {
  return Object.entries(record) as unknown as readonly (readonly [Source, V])[]
}
