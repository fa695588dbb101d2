/**
 * Prices. Primary sources are asked first, in one request each for everything; live mids join in where a
 * stream is open; the fallback sources only where that was not enough. Kept with all inputs, so that another
 * method is applied to the same record without asking anybody.
 */
import type { CacheEntry, Instant, Price, ReconciliationMethod } from '../../domain/attribution.ts'
import { answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { MarketSymbol, Source } from '../../domain/market.ts'
import { needsFallback, reconcile } from '../../domain/reconcile.ts'
import type { Agreement } from '../../domain/reconcile.ts'
import { priceText } from '../../domain/text.ts'
import type { PriceRequest } from '../facade.ts'
import type { Recorded } from '../snapshots.ts'
import { sourcesOf, wasHeard } from './claims.ts'
import type { Claims, Evidence } from './claims.ts'
import { isWorthKeeping, leftAlone, nobodySpoke, reconciledView, textOf } from './decided.ts'
import type { Decided, Inputs } from './decided.ts'
import type { Mid, WarmParts } from './parts.ts'
import { createPast } from './past.ts'
import { createSlots, newSlot } from './slots.ts'
import type { Made, Slot } from './slots.ts'
import type { TableOutcome, Tables } from './tables.ts'

export interface Prices {
  /** Of known symbols, as of now. */
  present(requests: readonly PriceRequest[], signal?: AbortSignal): Promise<readonly Outcome<Price>[]>
  past(requests: readonly (PriceRequest & { readonly asOf: number })[]): Promise<readonly Outcome<Price>[]>
  /** From memory, at once: live mids and the last known tables. Null when nobody has said anything yet. */
  live(symbol: MarketSymbol): Price | null
}

type PriceSlot = Slot<Decided, PriceView>

/** A price, and the same inputs by the other method, made when first asked for. */
interface PriceView {
  readonly price: Outcome<Price>
  by(method: ReconciliationMethod): Outcome<Price>
}

export function createPrices(parts: WarmParts, claims: Claims, tables: Tables): Prices {
  const { config, clock, universe, hot, snapshots, latency } = parts
  const enabled = (sources: readonly Source[]) => sources.filter((id) => claims.order.includes(id))
  const primary = enabled(config.authority.pricePrimary)
  const fallback = enabled(config.authority.priceFallback)
  /** Who was set aside as an outlier last time: it comes back at half the bound. One entry a symbol. */
  const dropped = new Map<MarketSymbol, readonly Source[]>()

  const timed = (inputs: Inputs): Agreement => {
    const startedAt = clock.monotonic()
    const agreement = reconcile(inputs.claims, inputs.policy)
    latency.note(clock.monotonic() - startedAt)
    return agreement
  }

  const decide = (symbol: MarketSymbol, evidence: Evidence): Decided => {
    const inputs = {
      claims: claims.prices(symbol, claims.order, evidence),
      policy: claims.policy(symbol, dropped.get(symbol) ?? []),
    }
    return { key: keyOf(symbol), symbol, ...inputs, agreement: timed(inputs), snapshot: null }
  }

  const remember = ({ symbol, agreement }: Decided): void => {
    const outliers = agreement.reconciliation.dropped.flatMap(({ source, reason }) =>
      reason === 'OUTLIER' ? [source] : [],
    )
    if (outliers.length > 0) dropped.set(symbol, outliers)
    else dropped.delete(symbol)
  }

  const isAskable = (source: Source, symbols: readonly MarketSymbol[]): boolean =>
    !universe.isKnown(source) || symbols.some((symbol) => sourcesOf(universe, symbol).includes(source))

  /** Hot symbols do not wait for an aggregator that has spoken before; it is asked behind the scenes. */
  const primaryTables = async (
    symbols: readonly MarketSymbol[],
    signal: AbortSignal,
  ): Promise<Map<Source, TableOutcome>> => {
    const askable = primary.filter((source) => isAskable(source, symbols))
    const outcomes = new Map<Source, TableOutcome>()
    if (symbols.every((symbol) => universe.isHot(symbol))) {
      for (const source of askable) {
        const known = lastKnown(source)
        if (known !== null) outcomes.set(source, known)
      }
      tables.renew([...outcomes.keys()])
    }
    const rest = askable.filter((source) => !outcomes.has(source))
    for (const [source, outcome] of await tables.load(rest, signal)) outcomes.set(source, outcome)
    return outcomes
  }

  const lastKnown = (source: Source): TableOutcome | null => {
    const table = tables.latest(source)
    if (table !== null) return { table, failure: null }
    const failure = tables.lastFailure(source)
    return failure === null ? null : { table: null, failure }
  }

  /** One look at each streamed symbol a batch; the others have nothing to look at. */
  const hotMids = (): Evidence['mids'] => {
    const seen = new Map<MarketSymbol, readonly Mid[]>()
    return (symbol) => {
      let mids = seen.get(symbol)
      if (mids === undefined) {
        mids = universe.isStreamed(symbol) ? hot.mids(symbol) : []
        seen.set(symbol, mids)
      }
      return mids
    }
  }

  const make = async (
    slots: readonly PriceSlot[],
    signal: AbortSignal,
  ): Promise<readonly Made<Decided, PriceView>[]> => {
    const outcomes = await primaryTables(
      slots.map(({ symbol }) => symbol),
      signal,
    )
    const evidence: Evidence = { table: (source) => outcomes.get(source) ?? null, mids: hotMids() }
    let decisions = slots.map(({ symbol }) => decide(symbol, evidence))
    const open = new Set(decisions.filter(({ agreement, policy }) => needsFallback(agreement, policy)))
    if (open.size > 0) {
      const symbols = [...open].map(({ symbol }) => symbol)
      const more = fallback.filter((source) => !outcomes.has(source) && isAskable(source, symbols))
      for (const [source, outcome] of await tables.load(more, signal)) outcomes.set(source, outcome)
      decisions = decisions.map((each) => (open.has(each) ? decide(each.symbol, evidence) : each))
    }
    if (signal.aborted) return slots.map(() => leftAlone(clock.now()))
    const failures = [...outcomes.values()].flatMap(({ failure }) => failure ?? [])
    return publish(slots, decisions, failures)
  }

  const publish = (
    slots: readonly PriceSlot[],
    decisions: readonly Decided[],
    failures: Parameters<typeof nobodySpoke>[2],
  ): readonly Made<Decided, PriceView>[] => {
    const heard = decisions.filter((each) => wasHeard(each.claims))
    const refs = snapshots.record(
      heard.map(({ key, symbol, claims: said, policy, agreement }) => {
        const inputs = { claims: said, policy }
        return { kind: 'price', symbol, subject: key, inputs, answer: agreement }
      }),
    )
    const refOf = new Map(heard.map((each, index) => [each, refs[index] ?? null]))
    const cachedAt = clock.now()
    return decisions.map((decided, index) => {
      if (!wasHeard(decided.claims)) {
        return { failed: nobodySpoke(`the price of ${decided.symbol}`, decided.claims, failures, cachedAt) }
      }
      remember(decided)
      const data = { ...decided, snapshot: refOf.get(decided) ?? null }
      const expiresAt = cachedAt + (slots[index]?.ttlSeconds ?? 0) * 1000
      return { entry: { data, cachedAt, expiresAt }, isKept: isWorthKeeping(decided) }
    })
  }

  const slotOf = new Map(
    config.symbols.map((symbol) => [symbol, priceSlot(symbol, universe.isHot(symbol), parts)]),
  )
  const slots = createSlots<Decided, PriceView>({
    store: parts.store,
    clock,
    view: (data, cache) => priceView(data, { tier: 'WARM', cache, now: clock.now() }),
    make,
  })
  const records = createPast(snapshots, recordView)

  const chosen = (outcome: Outcome<PriceView>, method: ReconciliationMethod | null): Outcome<Price> => {
    if (!outcome.ok) return outcome
    return method === null ? outcome.value.price : outcome.value.by(method)
  }

  return {
    async present(requests, signal) {
      const asked = requests.map(({ symbol }) => slotOf.get(symbol) as PriceSlot)
      const outcomes = await slots.read(asked, signal)
      return outcomes.map((outcome, index) => chosen(outcome, requests[index]?.method ?? null))
    },
    async past(requests) {
      const wanted = requests.map(({ symbol, asOf }) => ({ subject: keyOf(symbol), at: asOf }))
      const outcomes = await records.read(wanted)
      return outcomes.map((outcome, index) => chosen(outcome, requests[index]?.method ?? null))
    },
    live(symbol) {
      tables.renew(primary.filter((source) => universe.listingAt(symbol, source) !== null))
      const isPrimary = new Set(primary)
      const decided = decide(symbol, {
        table: (source) => (isPrimary.has(source) ? lastKnown(source) : null),
        mids: hot.mids,
      })
      if (!wasHeard(decided.claims)) return null
      remember(decided)
      return viewOf(decided, decided.agreement, { tier: 'HOT', cache: null, now: decided.policy.now })
    },
  }
}

const keyOf = (symbol: MarketSymbol): string => `price:${symbol}`

function priceSlot(symbol: MarketSymbol, isHot: boolean, { config, tally }: WarmParts): PriceSlot {
  const name = isHot ? 'prices_hot' : 'prices_warm'
  return newSlot({ key: keyOf(symbol), symbol, ttlSeconds: config.ttlSeconds[name], tally: tally[name] })
}

interface How {
  readonly tier: 'HOT' | 'WARM'
  readonly cache: CacheEntry | null
  readonly now: Instant
}

function viewOf(decided: Pick<Decided, 'snapshot'>, agreement: Agreement, how: How): Price {
  const text = textOf(priceText(agreement), how.cache, how.now)
  return reconciledView(agreement, { ...how, text, snapshot: decided.snapshot })
}

function priceView(decided: Decided, how: How): PriceView {
  const price = answered(viewOf(decided, decided.agreement, how))
  let other: Outcome<Price> | null = null
  return {
    price,
    by(method) {
      if (method === decided.policy.method) return price
      other ??= answered(viewOf(decided, reconcile(decided.claims, { ...decided.policy, method }), how))
      return other
    },
  }
}

function recordView({ ref, record }: Recorded): PriceView {
  const { claims, policy } = record.inputs as Inputs
  const agreement = record.answer as Agreement
  const decided = { key: record.subject, symbol: record.symbol, claims, policy, agreement, snapshot: ref }
  return priceView(decided, { tier: 'WARM', cache: null, now: policy.now })
}
