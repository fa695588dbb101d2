/** What a simulated market really is, in the digits its venue writes: what readers are compared with. */
import type { Venue } from '../domain/market.ts'
import { eight, padded, trimmed } from './digits.ts'
import type { Ladder } from './ladder.ts'
import type { Market } from './market.ts'

export interface TrueBook {
  readonly bids: readonly (readonly [price: string, size: string])[]
  readonly asks: readonly (readonly [price: string, size: string])[]
}

export interface TrueTrade {
  readonly id: string
  readonly price: string
  readonly size: string
  readonly takerSide: 'BUY' | 'SELL'
  readonly executedAt: number
}

const WRITES: Readonly<Record<Venue, (units: number, digits: number) => string>> = {
  BINANCE: eight,
  OKX: trimmed,
  COINBASE: trimmed,
  KRAKEN: padded,
}

export function bookOf(market: Market): TrueBook {
  const write = WRITES[market.venue]
  const side = (ladder: Ladder): TrueBook['bids'] =>
    ladder.prices.map((price, at) => [
      write(price, market.priceDigits),
      write(ladder.sizes[at]!, market.sizeDigits),
    ])
  return { bids: side(market.bids), asks: side(market.asks) }
}

export function tradesOf(market: Market | undefined): readonly TrueTrade[] {
  if (market === undefined) return []
  const write = WRITES[market.venue]
  return market.tradesSoFar().map((trade) => ({
    id: String(trade.id),
    price: write(trade.price, market.priceDigits),
    size: write(trade.size, market.sizeDigits),
    takerSide: trade.isTakerBuy ? 'BUY' : 'SELL',
    executedAt: trade.at,
  }))
}
