/** Trades behind a cursor, of several markets, in the order they were told: all of them, or a refusal. */
import type { Trade } from '../../domain/answer.ts'
import { answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { Resume } from '../stream.ts'
import type { TapeOrder } from './cursor.ts'
import { expired, readCursor } from './cursor.ts'
import type { Print } from './tape.ts'
import type { TradeFeed } from './trade-feed.ts'
import type { VenueMarket } from './venue-market.ts'

export function resumeTrades(
  after: string,
  markets: readonly VenueMarket[],
  order: TapeOrder,
): Outcome<Resume<Trade>> {
  const earliest = () => order.cursorAt(Math.max(0, ...markets.map(({ trades }) => floorOf(trades, order))))
  const read = readCursor(after, order.epoch, earliest)
  if (!read.ok) return read
  if (read.value > order.last) return expired(earliest())
  const told: { readonly feed: TradeFeed; readonly print: Print }[] = []
  for (const { trades } of markets) {
    // A market nobody followed then has holes nobody can fill.
    const prints = trades.tape?.since(read.value) ?? null
    if (prints === null) return expired(earliest())
    for (const print of prints) told.push({ feed: trades, print })
  }
  told.sort((a, b) => a.print.number - b.print.number)
  return answered({
    events: told.map(({ feed, print }) => feed.compose(print)),
    isNew: isBehind(order.last, order),
  })
}

const floorOf = ({ tape }: TradeFeed, order: TapeOrder): number => tape?.floor ?? order.last

/** Trades told after this moment; the tape's number is in the cursor. */
const isBehind =
  (number: number, { epoch }: TapeOrder) =>
  (trade: Trade): boolean =>
    Number(trade.cursor.slice(epoch.length + 1)) > number
