/** The simulated venues speak as the real ones do: read with a bare socket, by each venue's own rules. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crc32 } from '../../src/domain/crc32.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { readerOf, settled } from './clients.ts'

const STARTED = Date.UTC(2026, 2, 3, 14, 25, 30)
const SYMBOLS = ['BTC-USD', 'ETH-USD', 'BTC-USDT', 'PEPE-USD']

let sim: Simulation
beforeEach(async () => {
  sim = await startSimulation({ seed: 11, symbols: SYMBOLS, isManual: true, startAt: STARTED })
})
afterEach(() => sim.close())

type Levels = readonly (readonly string[])[]

/** The plainest book there is: a map a side. */
function applied(side: Map<string, string>, levels: Levels): void {
  for (const [price = '', size = ''] of levels) {
    if (Number(size) === 0) side.delete(price)
    else side.set(price, size)
  }
}
const sorted = (side: ReadonlyMap<string, string>, isBid: boolean): [string, string][] =>
  [...side].toSorted(([left], [right]) =>
    isBid ? Number(right) - Number(left) : Number(left) - Number(right),
  )

describe('Binance', () => {
  test('chains its updates to the snapshot and to each other, and the book is the true one', async () => {
    const reader = await readerOf(`${sim.endpoints.binance.ws_url}/stream`)
    reader.send({ method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms', 'btcusdt@trade'], id: 7 })
    expect(await reader.until((frame) => frame.includes('"id":7'))).toBe('{"result":null,"id":7}')
    sim.step(300)
    const snapshot = (await (
      await fetch(`${sim.endpoints.binance.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000`)
    ).json()) as { lastUpdateId: number; bids: Levels; asks: Levels }
    sim.step(20_000)
    await settled(reader)
    const updates = reader.frames
      .map(
        (frame) =>
          JSON.parse(frame) as {
            stream?: string
            data?: { e: string; U: number; u: number; b: Levels; a: Levels }
          },
      )
      .flatMap(({ data }) => (data?.e === 'depthUpdate' ? [data] : []))
    expect(updates.length).toBe(203)
    updates.slice(1).forEach((update, at) => expect(update.U).toBe(updates[at]!.u + 1))
    const fresh = updates.filter(({ u }) => u > snapshot.lastUpdateId)
    expect(fresh[0]!.U).toBeLessThanOrEqual(snapshot.lastUpdateId + 1)
    const [bids, asks] = [new Map<string, string>(), new Map<string, string>()]
    applied(bids, snapshot.bids)
    applied(asks, snapshot.asks)
    for (const update of fresh) {
      applied(bids, update.b)
      applied(asks, update.a)
    }
    expect({ bids: sorted(bids, true), asks: sorted(asks, false) }).toEqual(sim.book('BINANCE', 'BTC-USDT'))
    reader.close()
  })

  test('accepts an unknown symbol and stays silent, lists subscriptions, refuses nonsense', async () => {
    const reader = await readerOf(`${sim.endpoints.binance.ws_url}/stream`)
    reader.send({ method: 'SUBSCRIBE', params: ['nopeusdt@trade'], id: 1 })
    await reader.until((frame) => frame === '{"result":null,"id":1}')
    reader.send({ method: 'LIST_SUBSCRIPTIONS', id: 2 })
    expect(await reader.until((frame) => frame.includes('"id":2'))).toBe(
      '{"result":["nopeusdt@trade"],"id":2}',
    )
    reader.send({ method: 'SHOUT', params: [], id: 3 })
    expect(await reader.until((frame) => frame.includes('"id":3'))).toContain('"code":2')
    sim.step(5_000)
    await settled(reader)
    expect(reader.frames.length).toBe(3)
    reader.close()
  })

  test('closes each minute with a candle that agrees with its trades, id by id without a gap', async () => {
    const reader = await readerOf(
      `${sim.endpoints.binance.ws_url}/stream?streams=btcusdt@trade/btcusdt@kline_1m`,
    )
    await settled(reader)
    sim.step(100_000)
    await settled(reader)
    const data = reader.frames.map(
      (frame) =>
        (
          JSON.parse(frame) as {
            data: {
              e: string
              t: number
              p: string
              q: string
              T: number
              k: { t: number; c: string; x: boolean; v: string; n: number }
            }
          }
        ).data,
    )
    const trades = data.filter(({ e }) => e === 'trade')
    trades.slice(1).forEach((trade, at) => expect(trade.t).toBe(trades[at]!.t + 1))
    const closed = data.filter(({ e, k }) => e === 'kline' && k.x)
    expect(closed.length).toBe(2)
    const { k } = closed[1]!
    const inside = trades.filter(({ T }) => T >= k.t && T < k.t + 60_000)
    expect(k.n).toBe(inside.length)
    expect(k.c).toBe(inside.at(-1)!.p)
    expect(Number(k.v)).toBeCloseTo(
      inside.reduce((sum, { q }) => sum + Number(q), 0),
      6,
    )
    reader.close()
  })
})

describe('OKX', () => {
  test('acknowledges each argument, refuses one alone, chains sequence ids, keeps the checksum at 0', async () => {
    const reader = await readerOf(sim.endpoints.okx.ws_url!)
    reader.send({
      op: 'subscribe',
      args: [
        { channel: 'books', instId: 'BTC-USDT' },
        { channel: 'books', instId: 'NOPE-USDT' },
        { channel: 'trades', instId: 'ETH-USDT' },
      ],
    })
    await reader.until((frame) => frame.includes('"event":"error"'))
    await reader.until((frame) => frame.includes('"event":"subscribe"') && frame.includes('ETH-USDT'))
    sim.step(20_000)
    await settled(reader)
    const books = reader.frames
      .map(
        (frame) =>
          JSON.parse(frame) as {
            action?: string
            data?: { bids: Levels; asks: Levels; checksum: number; seqId: number; prevSeqId: number }[]
          },
      )
      .flatMap(({ action, data }) => (action === undefined ? [] : [{ action, ...data![0]! }]))
    expect(books.map(({ action }) => action)).toEqual([
      'snapshot',
      ...Array.from({ length: 200 }, () => 'update'),
    ])
    expect(books[0]!.prevSeqId).toBe(-1)
    books.slice(1).forEach((book, at) => expect(book.prevSeqId).toBe(books[at]!.seqId))
    expect(new Set(books.map(({ checksum }) => checksum))).toEqual(new Set([0]))
    const [bids, asks] = [new Map<string, string>(), new Map<string, string>()]
    for (const book of books) {
      applied(bids, book.bids)
      applied(asks, book.asks)
    }
    expect({ bids: sorted(bids, true), asks: sorted(asks, false) }).toEqual(sim.book('OKX', 'BTC-USDT'))
    reader.close()
  })

  test('answers ping as text, sends candles on the business path alone, forming and confirmed', async () => {
    const reader = await readerOf(sim.endpoints.okx.business_ws_url!)
    reader.send('ping')
    await reader.until((frame) => frame === 'pong')
    reader.send({
      op: 'subscribe',
      args: [
        { channel: 'candle1m', instId: 'BTC-USDT' },
        { channel: 'books', instId: 'BTC-USDT' },
      ],
    })
    await reader.until((frame) => frame.includes('60018'))
    sim.step(40_000)
    await settled(reader)
    const rows = reader.frames
      .filter((frame) => frame.includes('"data"'))
      .map((frame) => (JSON.parse(frame) as { data: string[][] }).data[0]!)
    expect(rows.filter((row) => row[8] === '1').length).toBe(1)
    expect(rows.filter((row) => row[8] === '0').length).toBe(40)
    reader.close()
  })
})

describe('Coinbase', () => {
  test('counts every frame of a connection from 0, snapshot before acknowledgement, and the book is the true one', async () => {
    const reader = await readerOf(sim.endpoints.coinbase.ws_url!)
    reader.send({ type: 'subscribe', channel: 'heartbeats' })
    reader.send({ type: 'subscribe', channel: 'level2', product_ids: ['BTC-USD'] })
    reader.send({ type: 'subscribe', channel: 'market_trades', product_ids: ['BTC-USD'] })
    await reader.until((frame) => frame.includes('subscriptions') && frame.includes('"market_trades":'))
    sim.step(20_000)
    await settled(reader)
    const frames = reader.frames.map(
      (frame) =>
        JSON.parse(frame) as {
          channel: string
          sequence_num: number
          events: {
            type: string
            updates: { side: string; price_level: string; new_quantity: string }[]
            trades: { trade_id: string; side: string }[]
          }[]
        },
    )
    frames.forEach((frame, at) => expect(frame.sequence_num).toBe(at))
    expect(frames.filter(({ channel }) => channel === 'heartbeats').length).toBe(20)
    expect(frames.findIndex(({ channel }) => channel === 'l2_data')).toBeLessThan(
      frames.findIndex(({ events }) => JSON.stringify(events).includes('"level2"')),
    )
    const [bids, asks] = [new Map<string, string>(), new Map<string, string>()]
    for (const { side, price_level, new_quantity } of frames.flatMap(({ channel, events }) =>
      channel === 'l2_data' ? events[0]!.updates : [],
    )) {
      applied(side === 'bid' ? bids : asks, [[price_level, new_quantity]])
    }
    expect({ bids: sorted(bids, true), asks: sorted(asks, false) }).toEqual(sim.book('COINBASE', 'BTC-USD'))
    const trades = frames.flatMap(({ channel, events }) =>
      channel === 'market_trades' ? events[0]!.trades : [],
    )
    const truth = new Map(sim.truth.trades('COINBASE', 'BTC-USD').map((trade) => [trade.id, trade]))
    // The maker's side is the other one.
    for (const { trade_id, side } of trades)
      expect(side).toBe(truth.get(trade_id)!.takerSide === 'BUY' ? 'SELL' : 'BUY')
    reader.close()
  })

  test('refuses unknown products and channels and keeps the connection', async () => {
    const reader = await readerOf(sim.endpoints.coinbase.ws_url!)
    reader.send({ type: 'subscribe', channel: 'level2', product_ids: ['NOPE-USD'] })
    await reader.until((frame) => frame.includes('"type":"error"') && frame.includes('NOPE-USD'))
    reader.send({ type: 'subscribe', channel: 'shouting', product_ids: ['BTC-USD'] })
    await reader.until((frame) => frame.includes('authentication failure'))
    expect(reader.socket.readyState).toBe(reader.socket.OPEN)
    reader.close()
  })
})

describe('Kraken', () => {
  test.each(['BTC/USD', 'ETH/USD', 'PEPE/USD'])(
    '%s: 500 updates, each with a checksum over the digits on the wire',
    async (symbol) => {
      const reader = await readerOf(sim.endpoints.kraken.ws_url!)
      reader.send({
        method: 'subscribe',
        params: { channel: 'book', symbol: [symbol], depth: 10 },
        req_id: 1,
      })
      await reader.until((frame) => frame.includes('"type":"snapshot"'))
      sim.step(110_000)
      await settled(reader)
      const frames = reader.frames.filter((frame) => frame.includes('"channel":"book","type":'))
      expect(frames.length).toBeGreaterThan(501)
      let [bids, asks]: [[string, string][], [string, string][]] = [[], []]
      let good = 0
      for (const frame of frames) {
        const checksum = Number(/"checksum":(\d+)/.exec(frame)![1])
        const [, bidText = '', askText = ''] = /"bids":\[(.*?)\],"asks":\[(.*?)\]/.exec(frame)!
        const read = (text: string): [string, string][] =>
          [...text.matchAll(/"price":([\d.]+),"qty":([\d.]+)/g)].map(([, price, size]) => [price!, size!])
        bids = top(bids, read(bidText), true)
        asks = top(asks, read(askText), false)
        const digits = (text: string): string => text.replace('.', '').replace(/^0+/, '')
        if (
          crc32([...asks, ...bids].map(([price, size]) => digits(price) + digits(size)).join('')) === checksum
        )
          good++
      }
      expect(good).toBe(frames.length)
      reader.close()
    },
  )

  test('acknowledges each symbol, names what it refuses, answers ping, beats once a second', async () => {
    const reader = await readerOf(sim.endpoints.kraken.ws_url!)
    await reader.until((frame) => frame.includes('"channel":"status"'))
    reader.send({
      method: 'subscribe',
      params: { channel: 'book', symbol: ['BTC/USD', 'NO/USD'], depth: 10 },
      req_id: 5,
    })
    expect(await reader.until((frame) => frame.includes('"success":false'))).toContain(
      'Currency pair not supported NO/USD',
    )
    reader.send({ method: 'subscribe', params: { channel: 'book', symbol: ['BTC/USD'], depth: 11 } })
    await reader.until((frame) => frame.includes('Subscription depth not supported'))
    reader.send({ method: 'ping', req_id: 9 })
    expect(await reader.until((frame) => frame.includes('"pong"'))).toContain('"req_id":9')
    reader.send({ method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'] } })
    const trades = await reader.until((frame) => frame.includes('"channel":"trade","type":"snapshot"'))
    expect((JSON.parse(trades) as { data: unknown[] }).data.length).toBe(50)
    sim.step(5_000)
    await settled(reader)
    expect(reader.frames.filter((frame) => frame === '{"channel":"heartbeat"}').length).toBe(5)
    reader.close()
  })
})

function top(
  side: readonly [string, string][],
  changes: readonly [string, string][],
  isBid: boolean,
): [string, string][] {
  const all = new Map(side)
  applied(all, changes)
  return sorted(all, isBid).slice(0, 10)
}

test('the same seed and the same steps give the same frames', async () => {
  const play = async (seed: number): Promise<readonly string[]> => {
    const played = await startSimulation({ seed, symbols: SYMBOLS, isManual: true, startAt: STARTED })
    const frames: string[] = []
    for (const [url, message] of [
      [
        `${played.endpoints.binance.ws_url}/stream`,
        { method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms', 'btcusdt@trade', 'btcusdt@kline_1m'], id: 1 },
      ],
      [played.endpoints.okx.ws_url!, { op: 'subscribe', args: [{ channel: 'books', instId: 'ETH-USDT' }] }],
      [played.endpoints.coinbase.ws_url!, { type: 'subscribe', channel: 'level2', product_ids: ['BTC-USD'] }],
      [
        played.endpoints.kraken.ws_url!,
        { method: 'subscribe', params: { channel: 'book', symbol: ['BTC/USD'], depth: 25 } },
      ],
    ] as const) {
      const reader = await readerOf(url)
      reader.send(message)
      await settled(reader)
      played.step(5_000)
      await settled(reader)
      frames.push(...reader.frames)
      reader.close()
    }
    await played.close()
    return frames
  }
  const [first, second, other] = [await play(42), await play(42), await play(43)]
  expect(first.length).toBeGreaterThan(200)
  expect(second).toEqual(first)
  expect(other).not.toEqual(first)
})

test('a rate asks for more frames of every book in the same time', async () => {
  const fast = await startSimulation({
    seed: 1,
    symbols: SYMBOLS,
    isManual: true,
    startAt: STARTED,
    rate: 500,
  })
  const reader = await readerOf(fast.endpoints.okx.ws_url!)
  reader.send({ op: 'subscribe', args: [{ channel: 'books', instId: 'BTC-USDT' }] })
  await reader.until((frame) => frame.includes('snapshot'))
  fast.step(2_000)
  await settled(reader)
  expect(reader.frames.filter((frame) => frame.includes('"action":"update"')).length).toBe(1_000)
  reader.close()
  await fast.close()
})
