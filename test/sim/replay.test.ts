/** Recorded traffic served again: through the real adapters it says what was recorded, no frame more or less. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { LiveBook } from '../../src/domain/book.ts'
import type { BookSnapshotEvent, Channel, MarketEvent } from '../../src/domain/event.ts'
import type { Venue } from '../../src/domain/market.ts'
import { startReplay } from '../../src/sim/replay.ts'
import type { Replay } from '../../src/sim/replay.ts'
import { venues } from '../../src/sources/index.ts'
import { realClock } from '../support/real-clock.ts'
import { readerOf } from './clients.ts'

const CAPTURES = '../shared/captures'
const directory = mkdtempSync(join(tmpdir(), 'replay-'))
afterAll(() => rmSync(directory, { recursive: true }))

let replay: Replay | undefined
afterEach(async () => {
  await replay?.close()
  replay = undefined
})

const fast = { now: realClock.now, speed: Number.POSITIVE_INFINITY, settleMs: 20, graceMs: 200 }

interface Heard {
  readonly events: MarketEvent[]
  readonly malformed: string[]
  readonly sequences: number[]
  readonly connections: number
}

/** Listens as the facade would, a new connection whenever the old one is hung up, until all is played. */
async function listen(venue: Venue, spelling: string, channels: readonly Channel[]): Promise<Heard> {
  const { stream } = venues[venue]
  const endpoints = replay!.endpoints[venue.toLowerCase() as 'kraken']
  const { endpoint, path } = stream.route(channels[0]!)
  const heard = {
    events: [] as MarketEvent[],
    malformed: [] as string[],
    sequences: [] as number[],
    connections: 0,
  }
  const state = { isDone: false }
  const done = replay!.finished.then(() => (state.isDone = true))
  while (!state.isDone) {
    const reader = await readerOf(`${endpoints[endpoint]}${path}`)
    heard.connections++
    for (const frame of stream.greet ?? []) reader.send(frame)
    for (const frame of stream.subscribe(
      channels.map((channel) => ({ channel, spelling })),
      1,
    ))
      reader.send(frame)
    await Promise.race([reader.closed, done])
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const frame of reader.frames) {
      const decoded = stream.decode(frame)
      if ('malformed' in decoded) heard.malformed.push(decoded.malformed)
      else {
        heard.events.push(...decoded.events)
        if (decoded.sequence !== null) heard.sequences.push(decoded.sequence)
      }
    }
    reader.close()
  }
  return heard
}

interface Played {
  readonly applied: number
  readonly gaps: number
  readonly crossed: number
}

/** Plays events into a book; a gap of this size would be a fault of the replay. */
function playBook(venue: Venue, events: readonly MarketEvent[], snapshot?: BookSnapshotEvent): Played {
  const book = new LiveBook(venues[venue].stream.dance)
  const counts = { applied: 0, gaps: 0, crossed: 0 }
  const note = (result: string): void => {
    if (result === 'applied') counts.applied++
    if (result === 'gap') counts.gaps++
    if (book.isCrossed) counts.crossed++
  }
  let isJoined = false
  for (const [at, event] of events.entries()) {
    if (event.kind === 'bookSnapshot' || event.kind === 'bookDelta') note(book.apply(event))
    if (snapshot !== undefined && !isJoined && at > 20) {
      isJoined = true
      note(book.join(snapshot))
    }
  }
  return counts
}

const kinds = (events: readonly MarketEvent[], kind: MarketEvent['kind']): number =>
  events.filter((event) => event.kind === kind).length

describe.runIf(existsSync(CAPTURES))('the captures of real venues', () => {
  test('Binance: 3,451 updates in one chain from the recorded snapshot, 9,757 trades without a hole', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    const heard = await listen('BINANCE', 'BTCUSDT', ['book', 'trades'])
    expect(heard.malformed).toEqual([])
    expect([kinds(heard.events, 'bookDelta'), kinds(heard.events, 'trade')]).toEqual([3_451, 9_757])
    const depth = venues.BINANCE.depth({ source: 'BINANCE', symbol: 'BTC-USDT', spelling: 'BTCUSDT' })
    const response = await fetch(`${replay.endpoints.binance.rest_url}${depth.path}`)
    const reading = depth.read({ status: response.status, headers: {}, body: await response.text() })
    expect(reading.ok).toBe(true)
    if (reading.ok)
      expect(playBook('BINANCE', heard.events, reading.value)).toMatchObject({ gaps: 0, crossed: 0 })
    const ids = heard.events.flatMap((event) => (event.kind === 'trade' ? [Number(event.id)] : []))
    ids.slice(1).forEach((id, at) => expect(id).toBe(ids[at]! + 1))
  })

  test('OKX: the snapshot and six updates, chained', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    const { events, malformed } = await listen('OKX', 'BTC-USDT', ['book'])
    expect(malformed).toEqual([])
    expect(playBook('OKX', events)).toEqual({ applied: 7, gaps: 0, crossed: 0 })
  })

  test('Coinbase: twelve frames of one connection, numbered 0 to 11', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    const { events, malformed, sequences } = await listen('COINBASE', 'BTC-USD', ['book'])
    expect(malformed).toEqual([])
    expect(sequences).toEqual(Array.from({ length: 12 }, (_, at) => at))
    expect(playBook('COINBASE', events)).toMatchObject({ gaps: 0, crossed: 0 })
  })

  test('Kraken: three connections one after the other, 626 checksums, all good', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    const { events, malformed, connections } = await listen('KRAKEN', 'BTC/USD', ['book', 'trades'])
    expect(malformed).toEqual([])
    expect(connections).toBe(3)
    expect(playBook('KRAKEN', events)).toEqual({ applied: 510 + 112 + 4, gaps: 0, crossed: 0 })
    expect(kinds(events, 'trade')).toBe(1)
  })

  test('recordings no adapter reads are named, with the reason', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    const reasons = Object.fromEntries(replay.skipped.map(({ file, reason }) => [file, reason]))
    expect(Object.keys(reasons).toSorted()).toEqual([
      'binance/ws/usdm_4sym_20210722.ndjson.gz',
      'binance/ws/usdm_btcusdt_20240808.ndjson.gz',
      'coinbase/ws/exchange_frames_20260802.ndjson',
      'coinbase/ws/exchange_level2_6products_20210417.ndjson.gz',
      'kraken/ws/futures_20210722.ndjson.gz',
      'okx/ws/public_3inst_20220513.ndjson.gz',
      'okx/ws/public_l2tbt_20210722_a.ndjson.gz',
    ])
    expect(reasons['okx/ws/public_3inst_20220513.ndjson.gz']).toContain('no sequence ids')
  })

  test('listings and quotes are answered from what was recorded, by the adapters own requests', async () => {
    replay = await startReplay({ directory: CAPTURES, ...fast })
    for (const venue of ['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const) {
      const request = venues[venue].listings()
      const response = await fetch(
        `${replay.endpoints[venue.toLowerCase() as 'kraken'].rest_url}${request.path}`,
      )
      const reading = request.read({ status: response.status, headers: {}, body: await response.text() })
      expect(reading.ok, venue).toBe(true)
      if (reading.ok)
        expect(reading.value.map(({ symbol }) => symbol)).toContain(
          venue === 'COINBASE' || venue === 'KRAKEN' ? 'BTC-USD' : 'BTC-USDT',
        )
    }
    expect((await fetch(`${replay.endpoints.coinpaprika.rest_url}/global`)).status).toBe(404)
  })
})

describe("a recording of one's own", () => {
  const lines = [
    { k: 'meta', t0_unix_ms: 1_700_000_000_000, origin: 'test', url: 'wss://ws.kraken.com/v2' },
    ...Array.from({ length: 10 }, (_, at) => ({
      t: at * 1_000,
      k: 'rx',
      raw: `{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","trade_id":${at}}]}`,
    })),
    { t: 0, k: 'rx', raw: '{"channel":"trade","type":"update","data":[{"symbol":"ETH/USD","trade_id":1}]}' },
    {
      t: 10,
      k: 'http',
      url: 'https://api.kraken.com/0/public/Ticker?assetVersion=1',
      raw: '{"error":[],"result":{}}',
    },
  ]
  const home = join(directory, 'kraken', 'ws')
  mkdirSync(home, { recursive: true })
  writeFileSync(
    join(home, 'own.ndjson.gz'),
    gzipSync(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`),
  )

  const subscribe = { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD', 'NO/USD'] } }

  test('plays what was asked for and nothing else, in order, and is finished then', async () => {
    replay = await startReplay({ directory, ...fast })
    const reader = await readerOf(replay.endpoints.kraken.ws_url!)
    reader.send(subscribe)
    await replay.finished
    await reader.until((frame) => frame.includes('"trade_id":9'))
    expect(
      reader.frames
        .filter((frame) => frame.includes('trade_id'))
        .map((frame) => Number(/"trade_id":(\d)/.exec(frame)![1])),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(reader.frames.some((frame) => frame.includes('ETH/USD'))).toBe(false)
    expect(reader.frames.some((frame) => frame.includes('Currency pair not supported NO/USD'))).toBe(true)
    expect(replay.served().takes).toEqual([
      {
        source: 'KRAKEN',
        files: ['kraken/ws/own.ndjson.gz'],
        topics: ['trade BTC/USD', 'trade ETH/USD'],
        frames: 10,
        isPlayed: true,
      },
    ])
    expect((await fetch(`${replay.endpoints.kraken.rest_url}/Ticker?assetVersion=1`)).status).toBe(200)
    expect((await fetch(`${replay.endpoints.kraken.rest_url}/Ticker?pair=XBTUSD`)).status).toBe(404)
    reader.close()
  })

  test('keeps its own time, or a faster one', async () => {
    let at = 0
    replay = await startReplay({ directory, ...fast, speed: 2, now: () => at })
    const reader = await readerOf(replay.endpoints.kraken.ws_url!)
    reader.send(subscribe)
    await reader.until((frame) => frame.includes('"trade_id":0'))
    // Two seconds of the recording a second: half past the third frame, then all of it.
    at = 1_300
    await reader.until((frame) => frame.includes('"trade_id":2'))
    expect(reader.frames.some((frame) => frame.includes('"trade_id":3'))).toBe(false)
    at = 60_000
    await replay.finished
    reader.close()
  })
})
