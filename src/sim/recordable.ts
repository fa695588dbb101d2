/** What recording must know of a source, by shape alone: our adapters have it, and nothing here imports them. */
import type { Interval, Listing, Perpetual, Source } from '../domain/market.ts'

export interface RestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface RecordableRequest {
  readonly host: 'rest' | 'futures'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly read: (answer: RestAnswer) => unknown
}

export interface RecordableEndpoints {
  readonly rest_url?: string
  readonly futures_rest_url?: string
  readonly ws_url?: string
  readonly business_ws_url?: string
}

type Channel = 'book' | 'trades' | 'candle'
interface Wanted {
  readonly channel: Channel
  readonly spelling: string
}

export interface RecordableSource {
  readonly id: Source
  readonly coins?: Readonly<Record<string, string>>
  readonly stream?: {
    readonly link: {
      readonly keepalive?: { readonly everyMs: number; readonly frame: string }
      readonly maxSubscriptionsPerConnection: number
      readonly sendsPerSecond: number
      readonly maxFrameBytes: number
    }
    readonly route: (channel: Channel) => {
      readonly endpoint: 'ws_url' | 'business_ws_url'
      readonly path: string
    }
    readonly subscribe: (wanted: readonly Wanted[], id: number) => readonly string[]
    readonly greet?: readonly string[]
  }
  readonly listings?: () => RecordableRequest
  readonly quotes: (
    listings: readonly Listing[],
    options: { readonly apiKey?: string },
  ) => readonly RecordableRequest[]
  readonly candles?: {
    readonly request: (
      listing: Listing,
      interval: Interval,
      range: { readonly from: number; readonly to: number; readonly now?: number },
    ) => RecordableRequest
  }
  readonly depth?: (listing: Listing) => RecordableRequest
  readonly recentTrades?: (listing: Listing) => RecordableRequest
  readonly derivatives?: {
    readonly perpetuals: () => RecordableRequest
    readonly funding: (perpetuals: readonly Perpetual[]) => {
      readonly requests: readonly RecordableRequest[]
      readonly intervals?: RecordableRequest
      readonly marks?: RecordableRequest
    }
    readonly openInterest: (perpetuals: readonly Perpetual[]) => readonly RecordableRequest[]
  }
}

/** The rows of a reply, where the adapter could read it. */
export function rowsIn<T>(reading: unknown): readonly T[] {
  const { ok, value } = (reading ?? {}) as { readonly ok?: boolean; readonly value?: readonly T[] }
  return ok === true && value !== undefined ? value : []
}
