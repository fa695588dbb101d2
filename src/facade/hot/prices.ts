/**
 * The reconciled price of a symbol as a stream. What the price is, others decide (`reconcilePrice`); here it
 * is only asked for when a mid moved, at most four times a second, and at least each second, and told when
 * its value or its evidence changed. Nobody reading, nothing asked.
 */
import type { Price, PriceUpdate } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import type { MarketSymbol } from '../../domain/market.ts'
import type { Feed, FeedReader } from '../feed.ts'

export interface Prices {
  feed(symbol: MarketSymbol): Feed<PriceUpdate>
  /** A mid of this symbol, or the state of a venue's book, changed. */
  moved(symbol: MarketSymbol): void
  readonly readers: number
  close(): void
}

const LOOK_EVERY_MS = 250
const LOOKS_A_SECOND = 4

interface Watched {
  readonly symbol: MarketSymbol
  readonly readers: Set<FeedReader<PriceUpdate>>
  isMoved: boolean
  looksSince: number
  last: PriceUpdate | null
  evidence: string
}

export function createPrices(parts: {
  readonly clock: Clock
  readonly reconcilePrice: (symbol: MarketSymbol) => Price | null
}): Prices {
  const watched = new Map<MarketSymbol, Watched>()
  let stopLooking: (() => void) | null = null

  const look = (each: Watched): void => {
    each.isMoved = false
    each.looksSince = 0
    const price = parts.reconcilePrice(each.symbol)
    if (price === null) return
    const evidence = evidenceOf(price)
    if (each.evidence === evidence) return
    each.evidence = evidence
    each.last = { symbol: each.symbol, price }
    for (const reader of each.readers) reader.next(each.last)
  }

  const lookAtAll = (): void => {
    for (const each of watched.values()) {
      each.looksSince += 1
      if (each.isMoved || each.looksSince >= LOOKS_A_SECOND) look(each)
    }
  }

  const leave = (each: Watched, reader: FeedReader<PriceUpdate>): void => {
    each.readers.delete(reader)
    if (each.readers.size > 0) return
    if (watched.get(each.symbol) === each) watched.delete(each.symbol)
    if (watched.size > 0) return
    stopLooking?.()
    stopLooking = null
  }

  return {
    feed: (symbol) => ({
      open(reader) {
        const each = watched.get(symbol) ?? newlyWatched(symbol)
        watched.set(symbol, each)
        stopLooking ??= parts.clock.every(LOOK_EVERY_MS, lookAtAll)
        if (each.last === null) look(each)
        // A reader of its own identity, so that one object may open the feed twice.
        const own: FeedReader<PriceUpdate> = { next: (update) => reader.next(update), end: () => {} }
        each.readers.add(own)
        if (each.last !== null) reader.next(each.last)
        return () => leave(each, own)
      },
    }),
    moved(symbol) {
      const each = watched.get(symbol)
      if (each !== undefined) each.isMoved = true
    },
    get readers() {
      let count = 0
      for (const each of watched.values()) count += each.readers.size
      return count
    },
    close() {
      stopLooking?.()
      stopLooking = null
    },
  }
}

function newlyWatched(symbol: MarketSymbol): Watched {
  return { symbol, readers: new Set(), isMoved: false, looksSince: 0, last: null, evidence: '' }
}

/** What makes an update worth telling: the value, and who is behind it. Times alone do not. */
function evidenceOf({ value, reconciliation }: Price): string {
  const used = reconciliation.used.map((quote) => quote.source).join()
  const dropped = reconciliation.dropped.map((quote) => `${quote.source}:${quote.reason}`).join()
  return `${value}|${reconciliation.verdict}|${used}|${dropped}`
}
