/** The whole house over recorded traffic of the real venues: what the recordings' README counts, the API tells. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLogger, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { MarketSymbol, Venue } from '../../src/domain/market.ts'
import { pointedAt } from '../../src/main.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { startReplay } from '../../src/sim/replay.ts'
import type { Replay } from '../../src/sim/replay.ts'
import { around, until } from '../support/house.ts'
import type { Answer, House } from '../support/house.ts'
import { realClock } from '../support/real-clock.ts'
import { allNamed } from '../support/selection.ts'

const CAPTURES = '../shared/captures'
const TRADES_RECORDED = 9_757
const RECORDED_UNTIL = Date.UTC(2026, 10, 1)
/** What the recordings hold, venue by venue, with the frames the README counts. */
const RECORDED: readonly (readonly [Venue, MarketSymbol, string, number])[] = [
  ['BINANCE', 'BTC-USDT', 'binance/ws/spot_btcusdt_20240808.ndjson.gz', 3_451 + TRADES_RECORDED],
  ['OKX', 'BTC-USDT', 'okx/ws/books_btcusdt_20260824.ndjson', 7],
  ['COINBASE', 'BTC-USD', 'coinbase/ws/advanced_l2_btcusd_20260824.ndjson', 12],
  ['KRAKEN', 'BTC-USD', 'kraken/ws/book_btcusd_d10_20230730.ndjson.gz', 510],
]
type Trade = { readonly trades: { readonly id: string; readonly sequence: number } }

describe.runIf(existsSync(CAPTURES))('the house over recorded traffic', () => {
  let replay: Replay
  let house: Omit<House, 'simulation' | 'config'>
  let trades: readonly Answer<Trade>[]

  beforeAll(async () => {
    const speed = Number.POSITIVE_INFINITY
    replay = await startReplay({ directory: CAPTURES, speed, now: realClock.now, settleMs: 500 })
    const symbols = ['BTC-USD', 'BTC-USDT']
    const config = { ...loadConfig({ LOG_LEVEL: 'silent' }), port: 0, symbols, hotSymbols: symbols }
    const app = await startApp(pointedAt(config, replay.endpoints), createLogger('silent'))
    house = around(app, () => replay.close())
    // The reader is there before the first frame is played.
    const listening = house.listen<Trade>(
      document('live-trades'),
      { symbols: ['BTC-USDT'], venues: ['BINANCE'] },
      TRADES_RECORDED,
    )
    trades = await listening
    const wanted = RECORDED.map(([, , file]) => file)
    const arePlayed = () =>
      replay.served().takes.filter(({ files, isPlayed }) => isPlayed && wanted.includes(files[0] ?? ''))
        .length === wanted.length
    await until(arePlayed, 'the end of the recordings')
  })
  afterAll(() => house.close())

  it('hands each recorded trade to a stock client: 9,757, contiguous ids, in order', () => {
    const told = trades.map(({ data }) => data?.trades)
    expect(told).toHaveLength(TRADES_RECORDED)
    const first = Number(told[0]?.id)
    expect(
      told.every((trade, index) => Number(trade?.id) === first + index && trade?.sequence === index + 1),
    ).toBe(true)
  })

  it('plays every frame once and finds no gap, no bad checksum and nothing malformed', async () => {
    const { takes } = replay.served()
    for (const [, , file, frames] of RECORDED) {
      expect({ file, frames: takes.find(({ files }) => files[0] === file)?.frames }).toEqual({ file, frames })
    }
    const { data } = await house.ask(
      '{ health { sources { source stream { messagesTotal gapsTotal malformedTotal } } } }',
    )
    const sources = allNamed(data, 'sources').flat() as unknown as Streamed[]
    for (const [venue, , , frames] of RECORDED) {
      const stream = sources.find(({ source }) => source === venue)?.stream
      expect(stream).toMatchObject({ gapsTotal: 0, malformedTotal: 0 })
      expect(stream?.messagesTotal).toBeGreaterThanOrEqual(frames)
    }
  })

  it.each(RECORDED)('%s: the ladder of %s as it was then', async (venue, symbol) => {
    let book: RecordedBook | undefined
    // Kraken's recordings are three connections, one after the other.
    const state = async () => {
      const { data } = await house.ask<{ book: RecordedBook }>(document('ladder'), {
        symbol,
        venue,
        depth: 10,
      })
      book = data?.book
      return book?.state
    }
    await expect.poll(state, { timeout: 10_000 }).toBe('LIVE')
    expect(book?.attribution.tier).toBe('HOT')
    expect(book?.bids).toHaveLength(10)
    expect(Number(book?.bids[0]?.price)).toBeLessThan(Number(book?.asks[0]?.price))
    expect(Date.parse(book?.observedAt ?? '')).toBeLessThan(RECORDED_UNTIL)
  })

  it.each(RECORDED)('%s: the documents about %s answer without an error', async (venue, symbol) => {
    for (const name of [
      'watchlist',
      'why-this-price',
      'consolidated',
      'liquidity',
      'time-travel',
      'health',
    ]) {
      // Kraken's depth of dollars was not recorded: nothing beyond what its stream proves.
      if (name === 'liquidity' && venue === 'KRAKEN') continue
      const variables = { symbol, symbols: [symbol], venue, depth: 5 }
      const { errors, data } = await house.ask(document(name), variables)
      expect({ name, errors }).toEqual({ name, errors: undefined })
      expect(Object.values(data ?? {})).not.toContain(null)
    }
  })

  it.each(RECORDED)('%s: the live documents about %s begin with what stands', async (venue, symbol) => {
    for (const name of ['live-ladder', 'book-deltas', 'live-prices', 'live-health']) {
      const variables = { symbol, symbols: [symbol], venue, depth: 10 }
      const [event] = await house.listen(document(name), variables)
      expect({ name, errors: event?.errors }).toEqual({ name, errors: undefined })
    }
  })

  it('never passes off what was true years ago as the price of today', async () => {
    const { data } = await house.ask(document('why-this-price'), { symbol: 'BTC-USDT' })
    const dropped = allNamed(data, 'dropped').flat() as unknown as { source: string; reason: string }[]
    expect(dropped).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ source: 'BINANCE', reason: 'STALE' }),
        expect.objectContaining({ source: 'OKX', reason: 'STALE' }),
      ]),
    )
  })
})

interface Streamed {
  readonly source: string
  readonly stream: { readonly messagesTotal: number } | null
}

interface RecordedBook {
  readonly state: string
  readonly bids: readonly { readonly price: string }[]
  readonly asks: readonly { readonly price: string }[]
  readonly observedAt: string
  readonly attribution: { readonly tier: string }
}

/** Documents take the variables they declare, and no others. */
function document(name: string): string {
  const found = exampleOperations().find((each) => each.name === name)
  if (found === undefined) throw new Error(`no document ${name}`)
  return found.query
}
