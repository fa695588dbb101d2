/** Volume surge of one venue, from its hourly candles. Closed hours do not change: one request an hour and market. */
import type { Vadr } from '../../domain/answer.ts'
import type { CacheEntry, Instant, SnapshotRef } from '../../domain/attribution.ts'
import { refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { INTERVAL_MS, SOURCE_NAMES } from '../../domain/market.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { vadrText } from '../../domain/text.ts'
import { vadrOf } from '../../domain/vadr.ts'
import type { HourlyVolume, VadrFigures } from '../../domain/vadr.ts'
import type { AtVenue } from '../facade.ts'
import type { Recorded } from '../snapshots.ts'
import type { Candles } from './candles.ts'
import { textOf, unavailable } from './decided.ts'
import type { WarmParts } from './parts.ts'
import { createPast } from './past.ts'
import { createSlots, newSlot } from './slots.ts'
import type { Made, Slot } from './slots.ts'

export interface Vadrs {
  present(requests: readonly AtVenue[], signal?: AbortSignal): Promise<readonly Outcome<Vadr>[]>
  past(requests: readonly (AtVenue & { readonly asOf: Instant })[]): Promise<readonly Outcome<Vadr>[]>
}

interface VadrData {
  readonly key: string
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly figures: VadrFigures
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly snapshot: SnapshotRef | null
}

interface VadrSlot extends Slot<VadrData, Vadr> {
  readonly venue: Venue
  /** The hours last answered for, and what was made of them. */
  said: string | null
  data: VadrData | null
}

const HOUR_MS = INTERVAL_MS.H1
/** The last closed hour and the 168 before it. */
const HOURS = 169

export function createVadrs(parts: WarmParts, candles: Candles): Vadrs {
  const { config, clock, universe, snapshots, tally } = parts
  const slotOf = new Map<string, VadrSlot>()

  const slotAt = (symbol: MarketSymbol, venue: Venue): VadrSlot => {
    const key = keyOf(symbol, venue)
    const known = slotOf.get(key)
    if (known !== undefined) return known
    const facts = { key, symbol, ttlSeconds: config.ttlSeconds.volumes_vadr, tally: tally.volumes_vadr }
    const fresh = { ...newSlot<VadrData, Vadr>(facts), venue, said: null, data: null }
    slotOf.set(key, fresh)
    return fresh
  }

  /** Closed hours do not change: until the next one closes it is the same answer, and the same record. */
  const dataOf = (
    slot: VadrSlot,
    hours: readonly HourlyVolume[],
    receivedAt: Instant,
    to: Instant,
  ): VadrData => {
    const { key, symbol, venue } = slot
    const rows = hours.map(({ openTime, volume }) => [openTime, volume] as const)
    const said = JSON.stringify([to, rows])
    if (slot.said === said && slot.data !== null) return slot.data
    const now = clock.now()
    const figures = vadrOf(hours, now)
    const inputs = { venue, now, receivedAt, hours: rows }
    const [ref] = snapshots.record([{ kind: 'vadr', symbol, subject: key, inputs, answer: figures }])
    const observedAt = Math.min(to, receivedAt)
    slot.said = said
    slot.data = { key, symbol, venue, figures, observedAt, receivedAt, snapshot: ref ?? null }
    return slot.data
  }

  const make = async (
    slots: readonly Slot<VadrData, Vadr>[],
    signal: AbortSignal,
  ): Promise<readonly Made<VadrData, Vadr>[]> => {
    const asked = slots as readonly VadrSlot[]
    const unknown = [...new Set(asked.map(({ venue }) => venue))].filter((venue) => !universe.isKnown(venue))
    if (unknown.length > 0) await universe.settled(unknown)
    const to = Math.floor(clock.now() / HOUR_MS) * HOUR_MS
    const from = to - HOURS * HOUR_MS
    const listed = asked.flatMap((slot) => {
      const listing = universe.listingAt(slot.symbol, slot.venue)
      return listing === null ? [] : [{ slot, listing }]
    })
    const got = await candles.load(
      listed.map(({ slot: { venue }, listing }) => {
        return { venue, listing, interval: 'H1' as const, from, to, isClosedOnly: true }
      }),
      signal,
    )
    const answers = new Map(listed.map(({ slot }, index) => [slot, got[index]]))
    return asked.map((slot): Made<VadrData, Vadr> => {
      const answer = answers.get(slot)
      const what = `the volume surge of ${slot.symbol} at ${SOURCE_NAMES[slot.venue]}`
      if (answer === undefined) {
        return universe.isKnown(slot.venue)
          ? { outcome: refused('NOT_LISTED', `${SOURCE_NAMES[slot.venue]} does not list ${slot.symbol}.`) }
          : { failed: unavailable(`${what}: its markets are not known yet.`, [], clock.now()) }
      }
      if (answer.failure !== null) return { failed: unavailable(`${what}.`, [answer.failure], clock.now()) }
      const hours = answer.candles.filter(({ openTime }) => openTime >= from && openTime < to)
      const data = dataOf(slot, hours, answer.receivedAt, to)
      const cachedAt = clock.now()
      return { entry: { data, cachedAt, expiresAt: cachedAt + slot.ttlSeconds * 1000 }, isKept: true }
    })
  }

  const slots = createSlots<VadrData, Vadr>({
    store: parts.store,
    clock,
    view: (data, cache) => viewOf(data, cache, clock.now()),
    make,
  })
  const records = createPast(snapshots, ({ ref, record }: Recorded): Vadr => {
    const { venue, receivedAt, now } = record.inputs as { venue: Venue; receivedAt: Instant; now: Instant }
    const figures = record.answer as VadrFigures
    const observedAt = Math.min(Math.floor(now / HOUR_MS) * HOUR_MS, receivedAt)
    const { symbol, subject: key } = record
    return viewOf({ key, symbol, venue, figures, observedAt, receivedAt, snapshot: ref }, null, now)
  })

  return {
    present: (requests, signal) =>
      slots.read(
        requests.map(({ symbol, venue }) => slotAt(symbol, venue)),
        signal,
      ),
    past: (requests) =>
      records.read(requests.map(({ symbol, venue, asOf }) => ({ subject: keyOf(symbol, venue), at: asOf }))),
  }
}

const keyOf = (symbol: MarketSymbol, venue: Venue): string => `vadr:${symbol}:${venue}`

function viewOf(data: VadrData, cache: CacheEntry | null, now: Instant): Vadr {
  const { symbol, venue, figures, observedAt, receivedAt, snapshot } = data
  return {
    symbol,
    venue,
    ...figures,
    attribution: {
      authority: 'EXCHANGE_NATIVE',
      sources: [venue],
      confidence: 1,
      tier: 'WARM',
      text: textOf(vadrText({ venue, ...figures }), cache, now),
      observedAt,
      receivedAt,
      cache,
      snapshot,
    },
  }
}
