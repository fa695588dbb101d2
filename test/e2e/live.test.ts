/** All seven subscriptions through a stock client, with every field, held against the simulated venues. */
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Bar, BookChange, ConsolidatedBook, Level, Trade } from '../../src/domain/answer.ts'
import { bookChecksum } from '../../src/domain/crc32.ts'
import { VENUES } from '../../src/domain/market.ts'
import type { Venue } from '../../src/domain/market.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { openHouse, until } from '../support/house.ts'
import type { Answer, House } from '../support/house.ts'
import { everythingOf } from '../support/selection.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

const schema = buildSchema()
const subscription = (variables: string, field: string, type: string): string =>
  `subscription (${variables}) { ${field} ${everythingOf(schema, type)} }`
/** What each event holds under this name; none may carry an error. */
const bare = <T>(events: readonly Answer<Record<string, T>>[], name: string): readonly T[] =>
  events.map(({ data, errors }) => {
    expect(errors).toBeUndefined()
    const value = data?.[name]
    if (value === undefined) throw new Error(`no ${name} in the event`)
    return value
  })
const refusal = (events: readonly Answer<unknown>[]) => events.at(-1)?.errors?.[0]?.extensions

const TRADES = subscription(
  '$symbols: [Symbol!]!, $venues: [Venue!], $after: String',
  'trades(symbols: $symbols, venues: $venues, after: $after)',
  'Trade',
)
const BOOK = subscription(
  '$symbol: Symbol!, $venue: Venue!, $depth: Int! = 10, $maxRate: Float',
  'book(symbol: $symbol, venue: $venue, depth: $depth, maxRate: $maxRate)',
  'Book',
)
const DELTAS = subscription(
  '$symbol: Symbol!, $venue: Venue!, $depth: Int! = 25, $after: String',
  'bookDeltas(symbol: $symbol, venue: $venue, depth: $depth, after: $after)',
  'BookChange',
)

describe('trades', () => {
  it('of every venue, each one as the venue printed it', async () => {
    const seen = new Set<string>()
    const events = await house.listen<Record<string, Trade>>(TRADES, { symbols: ['BTC-USDT'] }, (all) => {
      for (const { data } of all) if (data) seen.add(data['trades']?.venue ?? '')
      return seen.size === VENUES.length
    })
    for (const trade of bare(events, 'trades')) {
      const { id, price, size, takerSide, executedAt } = trade
      const truth = house.simulation.truth.trades(trade.venue, 'BTC-USDT').find((each) => each.id === id)
      expect({ id, price, size, takerSide }).toEqual({
        id,
        price: truth?.price,
        size: truth?.size,
        takerSide: truth?.takerSide,
      })
      expect(Date.parse(String(executedAt))).toBe(truth?.executedAt)
      expect(trade.attribution).toMatchObject({
        authority: 'EXCHANGE_NATIVE',
        sources: [trade.venue],
        tier: 'HOT',
      })
    }
  })

  it('resume behind a cursor after a real hang-up: nothing lost, nothing twice', async () => {
    const client = createClient({ url: house.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    const before: Trade[] = []
    await new Promise<void>((resolve) => {
      client.subscribe<Record<string, Trade>>(
        { query: TRADES, variables: { symbols: ['BTC-USDT', 'ETH-USDT'] } },
        {
          next({ data }) {
            if (data?.['trades']) before.push(data['trades'])
            if (before.length === 5) client.terminate()
          },
          error: () => resolve(),
          complete: () => resolve(),
        },
      )
    })
    const missed = countTruth()
    await until(() => countTruth() >= missed + 10, 'ten trades nobody read')
    const variables = { symbols: ['BTC-USDT', 'ETH-USDT'], after: before.at(-1)?.cursor }
    const after = bare(await house.listen<Record<string, Trade>>(TRADES, variables, 20), 'trades')
    const ids = new Map<string, number[]>()
    for (const { venue, symbol, sequence } of [...before, ...after]) {
      const key = `${venue} ${symbol}`
      ids.set(key, [...(ids.get(key) ?? []), sequence])
    }
    for (const sequences of ids.values()) {
      const first = sequences[0] ?? 0
      expect(sequences).toEqual(sequences.map((_, index) => first + index))
    }
  })

  it('refuse a cursor of another life, a symbol unknown, a venue without the market', async () => {
    expect(refusal(await house.listen(TRADES, { symbols: ['BTC-USD'], after: 'abc1.5' }))).toMatchObject({
      code: 'RESUME_EXPIRED',
      earliest: expect.stringMatching(/^[0-9a-z]+\.\d+$/),
    })
    expect(refusal(await house.listen(TRADES, { symbols: ['NO-SUCH'] }))).toMatchObject({
      code: 'UNKNOWN_SYMBOL',
    })
    expect(refusal(await house.listen(TRADES, { symbols: ['BTC-USD'], venues: ['BINANCE'] }))).toMatchObject({
      code: 'NOT_LISTED',
    })
    expect(refusal(await house.listen(TRADES, { symbols: ['btc-usd'] }))).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  })
})

describe('book', () => {
  it.each(VENUES)('%s: the present state at once, then each change', async (venue) => {
    const books = bare(
      await house.listen<Record<string, Book>>(BOOK, { symbol: 'BTC-USDT', venue }, 4),
      'book',
    )
    for (const book of books) expect(book).toMatchObject({ symbol: 'BTC-USDT', venue, state: 'LIVE' })
    expect(new Set(books.map((book) => JSON.stringify([book.bids, book.asks]))).size).toBeGreaterThan(1)
  })

  it('comes no faster than asked for', async () => {
    const startedAt = performance.now()
    const events = await house.listen(BOOK, { symbol: 'BTC-USDT', venue: 'BINANCE', maxRate: 4 }, 4)
    expect(events).toHaveLength(4)
    // The first at once, then three quarters of a second for three more; the venue itself moves ten times a second.
    expect(performance.now() - startedAt).toBeGreaterThan(650)
  })

  it('turns STALE when the venue hangs up, and LIVE again by itself', async () => {
    const states: string[] = []
    const listening = house.listen<Record<string, Book>>(
      BOOK,
      { symbol: 'ETH-USD', venue: 'KRAKEN' },
      (all) => {
        const state = all.at(-1)?.data?.['book']?.state ?? 'LIVE'
        if (states.at(-1) !== state) states.push(state)
        if (states.length === 1) house.simulation.fault({ kind: 'disconnect', source: 'KRAKEN', count: 1 })
        return states.length > 1 && state === 'LIVE'
      },
    )
    await listening
    expect(states[0]).toBe('LIVE')
    expect(states).toContain('STALE')
    expect(states.at(-1)).toBe('LIVE')
  })

  it('refuses a venue without the market, an aggregator by type, and a depth out of bounds', async () => {
    const ask = async (variables: object) =>
      refusal(await house.listen(BOOK, { symbol: 'BTC-USD', ...variables }))
    expect(await ask({ venue: 'BINANCE' })).toMatchObject({ code: 'NOT_LISTED' })
    expect(await ask({ venue: 'COINGECKO' })).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'venue' })
    expect(await ask({ venue: 'KRAKEN', depth: 1001 })).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: 'depth',
      limit: 1000,
    })
    expect(await ask({ venue: 'KRAKEN', maxRate: 0 })).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: 'maxRate',
    })
  })
})

describe('book deltas', () => {
  it.each(VENUES)('%s: a client that applies them has the book its checksums say', async (venue) => {
    const copy = new BookCopy()
    const events = await house.listen<Record<string, BookChange>>(DELTAS, { symbol: 'BTC-USDT', venue }, 8)
    const changes = bare(events, 'bookDeltas')
    expect(changes.map(({ kind }) => kind)).toEqual(['SNAPSHOT', ...Array<string>(7).fill('DELTA')])
    const first = changes[0]?.sequence ?? 0
    expect(changes.map(({ sequence }) => sequence)).toEqual(changes.map((_, index) => first + index))
    for (const change of changes) expect(copy.apply(change)).toBe(change.checksum)
  })

  it('go on behind a cursor without another snapshot', async () => {
    const variables = { symbol: 'BTC-USDT', venue: 'OKX' as Venue }
    const before = bare(await house.listen<Record<string, BookChange>>(DELTAS, variables, 3), 'bookDeltas')
    const after = bare(
      await house.listen<Record<string, BookChange>>(
        DELTAS,
        { ...variables, after: before.at(-1)?.cursor },
        4,
      ),
      'bookDeltas',
    )
    const copy = new BookCopy()
    for (const change of [...before, ...after]) expect(copy.apply(change)).toBe(change.checksum)
    expect(after.map(({ kind }) => kind)).toEqual(Array(4).fill('DELTA'))
    expect(after[0]?.sequence).toBe((before.at(-1)?.sequence ?? 0) + 1)
  })

  it('refuse a cursor that is no longer held', async () => {
    const events = await house.listen(DELTAS, { symbol: 'BTC-USDT', venue: 'OKX', after: 'abc1.7' })
    expect(refusal(events)).toMatchObject({ code: 'RESUME_EXPIRED' })
  })
})

describe('the merged book, bars, prices and health', () => {
  it('merges all venues and comes again when one of them moves', async () => {
    const query = subscription(
      '$s: Symbol!, $r: Float',
      'consolidatedBook(symbol: $s, depth: 5, maxRate: $r)',
      'ConsolidatedBook',
    )
    const events = await house.listen<Record<string, ConsolidatedBook>>(query, { s: 'BTC-USDT', r: 20 }, 3)
    for (const book of bare(events, 'consolidatedBook')) {
      expect(book.venues).toEqual(VENUES)
      expect(book.bids).toHaveLength(5)
    }
  })

  it('builds bars per venue; the open one repeats, and its close is the last trade', async () => {
    const query = subscription('$s: [Symbol!]!, $v: [Venue!]', 'bars(symbols: $s, venues: $v)', 'Bar')
    const events = await house.listen<Record<string, Bar>>(query, { s: ['BTC-USDT'], v: ['BINANCE'] }, 4)
    for (const bar of bare(events, 'bars')) {
      expect(bar).toMatchObject({ symbol: 'BTC-USDT', venue: 'BINANCE', interval: 'M1' })
      const trades = house.simulation.truth.trades('BINANCE', 'BTC-USDT')
      if (!bar.isClosed) expect(trades.map(({ price }) => price)).toContain(bar.close)
    }
  })

  it('sends the agreed price when it moves, per symbol and no faster than asked', async () => {
    const query = subscription('$s: [Symbol!]!, $r: Float', 'prices(symbols: $s, maxRate: $r)', 'PriceUpdate')
    type Update = { symbol: string; price: { value: string; reconciliation: { verdict: string } } }
    const events = await house.listen<Record<string, Update>>(query, { s: ['BTC-USD', 'ETH-USD'], r: 10 }, 6)
    const updates = bare(events, 'prices')
    expect(new Set(updates.map(({ symbol }) => symbol))).toEqual(new Set(['BTC-USD', 'ETH-USD']))
    for (const { symbol, price } of updates) {
      expect(price.reconciliation.verdict).toBe('ACCEPTED')
      expect(Math.abs(Number(price.value) / house.simulation.truth.price(symbol) - 1)).toBeLessThan(0.01)
    }
  })

  it('says how it is at least once a second, and at once when a source goes down', async () => {
    const query = subscription('', 'health', 'Health').replace(' ()', '')
    type Told = { sources: { source: string; status: string; reason: string | null }[] }
    const told = await house.listen<Record<string, Told>>(query, {}, (all) => {
      if (all.length === 1) house.simulation.fault({ kind: 'disconnect', source: 'OKX' })
      const okx = all.at(-1)?.data?.['health']?.sources.find(({ source }) => source === 'OKX')
      return okx?.status !== 'OK'
    })
    const okx = bare(told, 'health')
      .at(-1)
      ?.sources.find(({ source }) => source === 'OKX')
    expect(okx?.reason).toEqual(expect.any(String))
  })
})

type Book = { readonly state: string; readonly bids: readonly Level[]; readonly asks: readonly Level[] }

const countTruth = (): number =>
  VENUES.reduce((sum, venue) => sum + house.simulation.truth.trades(venue, 'BTC-USDT').length, 0)

/** What a frontend would keep: two maps, and the contract's checksum of them. */
class BookCopy {
  #bids = new Map<string, string>()
  #asks = new Map<string, string>()

  apply({ kind, bids, asks }: BookChange): number {
    if (kind === 'SNAPSHOT') {
      this.#bids = new Map()
      this.#asks = new Map()
    }
    put(this.#bids, bids)
    put(this.#asks, asks)
    return bookChecksum(top(this.#bids, -1), top(this.#asks, 1))
  }
}

function put(side: Map<string, string>, levels: readonly Level[]): void {
  for (const { price, size } of levels) {
    if (size === '0') side.delete(price)
    else side.set(price, size)
  }
}

const top = (side: ReadonlyMap<string, string>, direction: 1 | -1): readonly Level[] =>
  [...side]
    .map(([price, size]) => ({ price, size }))
    .sort((a, b) => (Number(a.price) - Number(b.price)) * direction)
    .slice(0, 25)
