/**
 * One symbol at one venue: its book, its trades and its bars, who wants them, and what mends them. The
 * venue's stream feeds it; it asks the stream for channels while somebody wants them.
 */
import type { Clock } from '../../domain/clock.ts'
import type { Channel } from '../../domain/event.ts'
import type { Listing, MarketSymbol } from '../../domain/market.ts'
import type { VenueSource } from '../../sources/source.ts'
import type { Transport } from '../../wire/http.ts'
import { createBarFeed } from './bar-feed.ts'
import type { BarFeed } from './bar-feed.ts'
import { createBarRepair } from './bar-repair.ts'
import type { BarRepair } from './bar-repair.ts'
import { BookKeeper } from './book-keeper.ts'
import type { TapeOrder } from './cursor.ts'
import { createDeltaFeed } from './delta-feed.ts'
import type { DeltaFeed } from './delta-feed.ts'
import { createDemand } from './demand.ts'
import type { Demand } from './demand.ts'
import type { Lane } from './lane.ts'
import { createRepair } from './repair.ts'
import type { Repair } from './repair.ts'
import { createTradeFeed } from './trade-feed.ts'
import type { TradeFeed } from './trade-feed.ts'
import type { Turn } from './turn.ts'

/** What the markets of one hot tier share. */
export interface MarketParts {
  readonly clock: Clock
  readonly random: () => number
  readonly turn: Turn
  readonly order: TapeOrder
  readonly lingerMs: number
  readonly tapeCapacity: number
}

/** The stream's side of a market: what is wanted of it. */
export interface Upstream {
  start(market: VenueMarket, channel: Channel): void
  stop(market: VenueMarket, channel: Channel): void
}

/** After a skipped trade id: two frames may only have changed places. */
const SWAP_MS = 150
const CHANNELS: readonly Channel[] = ['book', 'trades', 'candle']

export class VenueMarket {
  readonly symbol: MarketSymbol
  readonly source: VenueSource
  readonly book: BookKeeper
  readonly trades: TradeFeed
  readonly bars: BarFeed
  readonly lanes = new Map<Channel, Lane>()
  readonly depth: Repair
  readonly recent: Repair
  listing: Listing | null = null
  /** The connection the book is told by, where a snapshot and its deltas must come from one. */
  bookWire: number | null = null
  /** Rises each time the trades may have been interrupted. */
  interruptions = 0
  readonly #parts: MarketParts
  readonly #demands: ReadonlyMap<Channel, Demand>
  readonly #deltas = new Map<number, { readonly feed: DeltaFeed; cancel: (() => void) | null }>()
  readonly #detach = new Map<number, () => void>()
  #feeds = 0
  readonly #barRepair: BarRepair
  #cancelSwap: (() => void) | null = null

  constructor(
    symbol: MarketSymbol,
    source: VenueSource,
    transport: Pick<Transport, 'send'>,
    upstream: Upstream,
    parts: MarketParts,
  ) {
    const { clock, turn, order } = parts
    const now = () => clock.now()
    this.symbol = symbol
    this.source = source
    this.#parts = parts
    this.book = new BookKeeper({ symbol, venue: source.id, dance: source.stream.dance, turn, now })
    this.bars = createBarFeed({
      symbol,
      venue: source.id,
      now,
      readersChanged: (interval, readers) => {
        if (interval !== 'M1' && readers > 0 && this.trades.tape !== null) this.#barRepair.seed()
      },
    })
    this.trades = createTradeFeed({
      symbol,
      venue: source.id,
      order,
      isDense: source.stream.tradeIds === 'dense',
      capacity: parts.tapeCapacity,
      printed: ({ event, receivedAt }) => this.bars.take(event, receivedAt),
      holed: () => this.#holed(),
      readersChanged: () => undefined,
    })
    this.#demands = new Map(
      CHANNELS.map((channel) => [
        channel,
        createDemand({
          clock,
          lingerMs: parts.lingerMs,
          start: () => this.#start(channel, upstream),
          stop: () => this.#stop(channel, upstream),
        }),
      ]),
    )
    this.#barRepair = createBarRepair({
      source,
      transport,
      clock,
      bars: this.bars,
      listing: () => this.listing,
    })
    this.depth = this.#depthRepair(transport)
    this.recent = this.#recentRepair(transport)
  }

  isWanted(channel: Channel): boolean {
    return this.#demands.get(channel)?.isWanted ?? false
  }

  /** Keeps these channels flowing until what it returns is called. */
  want(...channels: readonly Channel[]): () => void {
    const releases = channels.map((channel) => this.#demands.get(channel)?.want())
    return () => {
      for (const release of releases) release?.()
    }
  }

  /** Trades may be missing from here on until they are mended. */
  interrupt(): void {
    this.interruptions += 1
    this.trades.tape?.interrupt()
    this.bars.missed()
    if (this.trades.tape !== null) this.#barRepair.mend()
  }

  deltas(depth: number): DeltaFeed {
    const known = this.#deltas.get(depth)
    if (known !== undefined) return known.feed
    this.#feeds += 1
    const feed = createDeltaFeed({
      book: this.book,
      depth,
      epoch: `${this.#parts.order.epoch}${this.source.id[0]?.toLowerCase()}${depth}x${this.#feeds}`,
      readersChanged: (readers) => this.#deltaReaders(depth, readers),
    })
    const detach = this.book.attach(feed)
    this.#deltas.set(depth, { feed, cancel: null })
    this.#detach.set(depth, detach)
    this.#deltaReaders(depth, 0)
    return feed
  }

  /** The feed a cursor may still be told behind; asking creates none. */
  deltasHeld(depth: number): DeltaFeed | null {
    return this.#deltas.get(depth)?.feed ?? null
  }

  close(): void {
    for (const demand of this.#demands.values()) demand.close()
    for (const [depth, { cancel }] of this.#deltas) {
      cancel?.()
      this.#detach.get(depth)?.()
    }
    this.#deltas.clear()
    this.#cancelSwap?.()
    this.#barRepair.stop()
    this.depth.cancel()
    this.recent.cancel()
  }

  #deltaReaders(depth: number, readers: number): void {
    const entry = this.#deltas.get(depth)
    if (entry === undefined) return
    entry.cancel?.()
    entry.cancel = null
    if (readers > 0) return
    entry.cancel = this.#parts.clock.after(this.#parts.lingerMs, () => {
      this.#deltas.delete(depth)
      this.#detach.get(depth)?.()
      this.#detach.delete(depth)
    })
  }

  #start(channel: Channel, upstream: Upstream): void {
    if (channel === 'trades') {
      this.trades.start()
      this.bars.start()
    }
    upstream.start(this, channel)
    if (channel === 'trades') this.#barRepair.mend()
  }

  #stop(channel: Channel, upstream: Upstream): void {
    upstream.stop(this, channel)
    if (channel === 'book') {
      this.depth.cancel()
      this.bookWire = null
      this.book.reset('nobody reads it')
      this.book.link('down', 'nobody reads it')
    }
    if (channel !== 'trades') return
    this.recent.cancel()
    this.#cancelSwap?.()
    this.#cancelSwap = null
    this.trades.stop()
    this.bars.stop()
    this.#barRepair.stop()
  }

  #holed(): void {
    this.#cancelSwap ??= this.#parts.clock.after(SWAP_MS, () => {
      this.#cancelSwap = null
      if (this.trades.tape?.isHoled === true) this.recent.ask()
    })
  }

  #depthRepair(transport: Pick<Transport, 'send'>): Repair {
    return createRepair({
      clock: this.#parts.clock,
      random: this.#parts.random,
      transport,
      attempts: Number.POSITIVE_INFINITY,
      request: () =>
        this.listing === null || !this.book.needsSnapshot ? null : this.source.depth(this.listing),
      take: (snapshot) => {
        this.book.apply(snapshot, this.#parts.clock.now())
        return this.book.needsSnapshot ? 'again' : 'done'
      },
      give: () => undefined,
    })
  }

  #recentRepair(transport: Pick<Transport, 'send'>): Repair {
    let askedAfter = 0
    const mend = (events: Parameters<NonNullable<TradeFeed['tape']>['mend']>[0]): void => {
      this.trades.tape?.mend(events, this.#parts.clock.now())
      // The link went again while the answer was on its way: it says nothing about what came since.
      if (askedAfter !== this.interruptions) this.trades.tape?.interrupt()
    }
    return createRepair({
      clock: this.#parts.clock,
      random: this.#parts.random,
      transport,
      attempts: 3,
      request: () => {
        askedAfter = this.interruptions
        return this.listing === null ? null : this.source.recentTrades(this.listing)
      },
      take: (events) => {
        mend(events)
        return 'done'
      },
      give: () => mend(null),
    })
  }
}
