/** Ten books of each venue, and how a venue names them in its frames. */
import type { Venue } from '../../src/domain/market.ts'

export interface BookName {
  readonly venue: Venue
  readonly symbol: string
}

const COINS = ['BTC', 'ETH', 'SOL', 'XRP', 'ADA', 'DOGE', 'LTC', 'LINK', 'DOT', 'AVAX']
const QUOTES: Readonly<Record<Venue, string>> = {
  BINANCE: 'USDT',
  OKX: 'USDT',
  COINBASE: 'USD',
  KRAKEN: 'USD',
}

export const BOOKS: readonly BookName[] = (['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const).flatMap(
  (venue) => COINS.map((coin) => ({ venue, symbol: `${coin}-${QUOTES[venue]}` })),
)

export function spellingOf({ venue, symbol }: BookName): string {
  if (venue === 'BINANCE') return symbol.replace('-', '')
  return venue === 'KRAKEN' ? symbol.replace('-', '/') : symbol
}

const NAMES: Readonly<Record<Venue, RegExp>> = {
  BINANCE: /"depthUpdate".*?"s":"([^"]+)"/,
  OKX: /"channel":"books[^"]*","instId":"([^"]+)".*"data"/,
  COINBASE: /"l2_data".*?"product_id":"([^"]+)"/,
  KRAKEN: /"channel":"book".*?"symbol":"([^"]+)"/,
}

/** Whose book a frame is about; null for any other frame. */
export const frameOf = (venue: Venue, frame: string): string | null => NAMES[venue].exec(frame)?.[1] ?? null
