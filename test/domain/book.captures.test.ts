import { describe, expect, it } from 'vitest'
import { LiveBook, type Applied } from '../../src/domain/book.ts'
import type { BookDance } from '../../src/domain/book-dance.ts'
import { compare } from '../../src/domain/decimal.ts'
import {
  binanceDelta,
  binanceSnapshot,
  coinbaseEvents,
  coinbaseExchangeEvent,
  frameOf,
  hasCaptures,
  krakenEvent,
  numberOf,
  okxEvent,
  parseDigits,
  recordsOf,
  textOf,
  type Wire,
} from './captures.ts'

const count = (applied: readonly Applied[], kind: Applied): number =>
  applied.filter((one) => one === kind).length

const byName = (dance: BookDance): ((name: string) => LiveBook) => {
  const books = new Map<string, LiveBook>()
  return (name) => {
    const known = books.get(name) ?? new LiveBook(dance)
    books.set(name, known)
    return known
  }
}

const replayBinance = (path: string) => {
  const bookOf = byName({ kind: 'rangeJoin' })
  const outcome = { joined: 0, applied: 0, gaps: 0, crossed: 0, tops: 0, topsEqual: 0 }
  const waiting = new Map<string, Wire>()
  const note = (applied: Applied, book: LiveBook): void => {
    if (applied === 'applied') outcome.applied += 1
    if (applied === 'gap') outcome.gaps += 1
    if (book.isCrossed) outcome.crossed += 1
  }
  for (const record of recordsOf(path)) {
    if (record.k === 'http') {
      const spelling = new URL(record.url!).searchParams.get('symbol')!
      if (bookOf(spelling).join(binanceSnapshot(spelling, record.raw)) === 'applied') outcome.joined += 1
    }
    if (record.k !== 'rx') continue
    const data = frameOf(record.raw)['data']!
    if (textOf(data['e']) === 'depthUpdate') {
      const book = bookOf(textOf(data['s']))
      const applied = book.apply(binanceDelta(data))
      note(applied, book)
      const ticker = waiting.get(textOf(data['s']))
      if (applied !== 'applied' || ticker === undefined || numberOf(ticker['u']) > numberOf(data['u']))
        continue
      outcome.tops += 1
      const { bestBid, bestAsk } = book
      const isEqual =
        compare(bestBid!.price, textOf(ticker['b'])) === 0 &&
        compare(bestBid!.size, textOf(ticker['B'])) === 0 &&
        compare(bestAsk!.price, textOf(ticker['a'])) === 0 &&
        compare(bestAsk!.size, textOf(ticker['A'])) === 0
      if (isEqual) outcome.topsEqual += 1
    } else if (textOf(data['e']) === undefined && textOf(data['B']) !== undefined) {
      waiting.set(textOf(data['s']), data)
    }
  }
  return outcome
}

describe.runIf(hasCaptures)('books over captured traffic', () => {
  it('keeps a Binance book in step for every delta of a captured session, its top equal to the best quote', () => {
    const outcome = replayBinance('binance/ws/spot_btcusdt_20240808.ndjson.gz')
    expect(outcome).toMatchObject({ joined: 1, gaps: 0, crossed: 0 })
    expect(outcome.applied).toBeGreaterThan(3_400)
    expect(outcome.tops).toBeGreaterThan(3_000)
    expect(outcome.topsEqual).toBe(outcome.tops)
  })

  it('joins ten Binance books to their snapshots and follows each', () => {
    const outcome = replayBinance('binance/ws/spot_10sym_20210417.ndjson.gz')
    expect(outcome).toMatchObject({ joined: 10, gaps: 0, crossed: 0 })
    expect(outcome.topsEqual).toBe(outcome.tops)
  })

  it('follows the chained ids of OKX', () => {
    const book = new LiveBook({ kind: 'chain' })
    const applied = recordsOf('okx/ws/books_btcusdt_20260824.ndjson')
      .filter((record) => record.k === 'rx')
      .map((record) => frameOf(record.raw))
      .filter((frame) => textOf(frame['action']) !== undefined)
      .map((frame) => book.apply(okxEvent(frame)))
    expect(applied).toEqual(Array.from({ length: 7 }, () => 'applied'))
    expect(book.levels.bids).toBeGreaterThan(300)
  })

  it.each([
    ['kraken/ws/book_btcusd_d10_20230730.ndjson.gz', 510],
    ['kraken/ws/book_trade_btcusd_20260802.ndjson', 112],
    ['kraken/ws/book_btcusd_d10_20260824.ndjson', 4],
  ])('agrees with every checksum Kraken sent in %s', (path, frames) => {
    const book = new LiveBook({ kind: 'checksum', depth: 10 })
    const applied = recordsOf(path)
      .filter((record) => record.k === 'rx')
      .map((record) => parseDigits(record.raw))
      .filter((frame) => textOf(frame['channel']) === 'book')
      .map((frame) => book.apply(krakenEvent(frame)))
    expect(count(applied, 'applied')).toBe(frames)
    expect(applied).toHaveLength(frames)
  })

  it('builds a Coinbase book from the stream alone', () => {
    const book = new LiveBook({ kind: 'connectionSequence' })
    const applied = recordsOf('coinbase/ws/advanced_l2_btcusd_20260824.ndjson')
      .filter((record) => record.k === 'rx')
      .map((record) => frameOf(record.raw))
      .filter((frame) => textOf(frame['channel']) === 'l2_data')
      .flatMap((frame) => coinbaseEvents(frame).map((event) => book.apply(event)))
    expect(count(applied, 'applied')).toBe(applied.length)
    expect(book.isSynced).toBe(true)
  })

  it('never crosses six Coinbase books over their whole depth', () => {
    const bookOf = byName({ kind: 'connectionSequence' })
    const applied = recordsOf('coinbase/ws/exchange_level2_6products_20210417.ndjson.gz')
      .filter((record) => record.k === 'rx')
      .map((record) => frameOf(record.raw))
      .filter((frame) => textOf(frame['type']) === 'snapshot' || textOf(frame['type']) === 'l2update')
      .map((frame) => bookOf(textOf(frame['product_id'])).apply(coinbaseExchangeEvent(frame)))
    expect(count(applied, 'applied')).toBe(6 + 4_585)
    expect(applied).toHaveLength(6 + 4_585)
  })
})
