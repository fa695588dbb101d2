/** Kraken's WebSocket v2, frame by frame: bare numbers with their zeros, and a checksum over the ten best levels. */
import { crc32 } from '../domain/crc32.ts'
import { padded } from './digits.ts'
import { priced, sized, spellingOf } from './kraken-rest.ts'
import type { Frame } from './link.ts'
import type { Change, Market } from './market.ts'
import type { Bar, Trade } from './tape.ts'

export const CHECKED = 10

/** What a reader of some depth has been shown. */
export interface View {
  readonly bids: readonly Change[]
  readonly asks: readonly Change[]
}

export const stamp = (at: number): string => new Date(at).toISOString().replace('Z', '000Z')

/** Digits without the point and without leading zeros; asks from the best, then bids from the best. */
export function checksumOf(market: Market): number {
  let text = ''
  for (const ladder of [market.asks, market.bids]) {
    const count = Math.min(CHECKED, ladder.length)
    for (let at = 0; at < count; at++) text += `${ladder.prices[at]}${ladder.sizes[at]}`
  }
  return crc32(text)
}

interface BookText extends View {
  readonly type: 'snapshot' | 'update'
  readonly checksum: number
  readonly at: number
}

export function bookText(market: Market, { type, bids, asks, checksum, at }: BookText): string {
  const side = (changes: readonly Change[]): string =>
    changes
      .map(([price, size]) => `{"price":${priced(market, price)},"qty":${sized(market, size)}}`)
      .join(',')
  return `{"channel":"book","type":"${type}","data":[{"symbol":"${spellingOf(market)}","bids":[${side(bids)}],"asks":[${side(asks)}],"checksum":${checksum},"timestamp":"${stamp(at)}"}]}`
}

export function tradesFrame(
  market: Market,
  { type, trades }: { readonly type: 'snapshot' | 'update'; readonly trades: readonly Trade[] },
): Frame {
  const name = spellingOf(market)
  const rows = trades.map(
    (trade) =>
      `{"symbol":"${name}","side":"${trade.isTakerBuy ? 'buy' : 'sell'}","price":${priced(market, trade.price)},"qty":${sized(market, trade.size)},"ord_type":"market","trade_id":${trade.id},"timestamp":"${stamp(trade.at)}"}`,
  )
  return {
    kind: 'trade',
    symbol: market.symbol,
    text: `{"channel":"trade","type":"${type}","data":[${rows.join(',')}]}`,
    trades: type === 'update' ? trades.length : 0,
  }
}

export function candlesFrame(
  market: Market,
  {
    type,
    bars,
    at,
  }: { readonly type: 'snapshot' | 'update'; readonly bars: readonly Bar[]; readonly at: number },
): Frame {
  const rows = bars.map((bar) => {
    const vwap = bar.volume === 0 ? '0.0' : padded(Math.round(bar.turnover / bar.volume), market.priceDigits)
    const begin = new Date(bar.openAt).toISOString().replace('Z', '000000Z')
    return `{"symbol":"${spellingOf(market)}","open":${priced(market, bar.open)},"high":${priced(market, bar.high)},"low":${priced(market, bar.low)},"close":${priced(market, bar.close)},"trades":${bar.count},"volume":${sized(market, bar.volume)},"vwap":${vwap},"interval_begin":"${begin}","interval":1,"timestamp":"${stamp(at)}"}`
  })
  return {
    kind: 'candle',
    symbol: market.symbol,
    text: `{"channel":"ohlc","type":"${type}","timestamp":"${stamp(at)}","data":[${rows.join(',')}]}`,
  }
}
