/**
 * Who speaks, about what, and how wide a candle is: the closed lists everything else is typed by.
 * `Source ⊃ Venue ⊃ DerivativesVenue`, so that asking an aggregator for a book does not compile.
 */

export const DERIVATIVES_VENUES = ['BINANCE', 'OKX', 'KRAKEN'] as const
export const VENUES = ['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const
export const AGGREGATORS = ['COINGECKO', 'COINPAPRIKA'] as const
export const SOURCES = [...VENUES, ...AGGREGATORS] as const

/** An exchange that may speak for funding and open interest. */
export type DerivativesVenue = (typeof DERIVATIVES_VENUES)[number]
/** An exchange: may speak for books, trades, spreads and depth. */
export type Venue = (typeof VENUES)[number]
/** Averages exchanges: may speak for price and volume only. */
export type Aggregator = (typeof AGGREGATORS)[number]
/** Anyone a number may be heard from. */
export type Source = Venue | Aggregator

export const INTERVALS = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'] as const
export type Interval = (typeof INTERVALS)[number]

export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  M1: 60_000,
  M5: 300_000,
  M15: 900_000,
  M30: 1_800_000,
  H1: 3_600_000,
  H4: 14_400_000,
  D1: 86_400_000,
}

/** Canonical market name, BASE-QUOTE in upper case: `"BTC-USD"`. */
export type MarketSymbol = string

/** What each kind of data is, for the rule of who may speak for it. */
export const DATA_KINDS = ['microstructure', 'price_volume', 'derivatives'] as const
export type DataKind = (typeof DATA_KINDS)[number]

/** One source's own name for one of our symbols. */
export interface Listing {
  readonly source: Source
  readonly symbol: MarketSymbol
  /** As the source writes it on its main channel: `"BTCUSDT"`, `"BTC/USD"`, `"bitcoin"`. */
  readonly spelling: string
  /** As its REST paths want it, where that differs (Kraken: `"XBTUSD"`). */
  readonly restSpelling?: string
}

/** A perpetual swap at a derivatives venue, tied to the spot symbol it follows. */
export interface Perpetual {
  readonly venue: DerivativesVenue
  readonly symbol: MarketSymbol
  /** The venue's own name: `"BTCUSDT"`, `"BTC-USDT-SWAP"`, `"PF_XBTUSD"`. */
  readonly instrument: string
  /** Base units one counted contract stands for: `"0.01"` (OKX), `"1"` where the venue counts in coins. */
  readonly contractSize: string
  /** True where the venue counts open interest in quote currency (inverse contracts). */
  readonly isInverse: boolean
}

const SYMBOL = /^[A-Z0-9]{1,15}-[A-Z0-9]{2,10}$/

export const isSymbol = (text: string): boolean => SYMBOL.test(text)

export const baseOf = (symbol: MarketSymbol): string => symbol.slice(0, symbol.indexOf('-'))

export const quoteOf = (symbol: MarketSymbol): string => symbol.slice(symbol.indexOf('-') + 1)

export const isVenue = (source: Source): source is Venue => (VENUES as readonly string[]).includes(source)

/** Display spelling: `"CoinGecko"`. */
export const SOURCE_NAMES: Readonly<Record<Source, string>> = {
  BINANCE: 'Binance',
  OKX: 'OKX',
  COINBASE: 'Coinbase',
  KRAKEN: 'Kraken',
  COINGECKO: 'CoinGecko',
  COINPAPRIKA: 'CoinPaprika',
}
