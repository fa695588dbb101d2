/** What is recorded from the sources is what they said, and can be played again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LiveBook } from '../../src/domain/book.ts'
import { VENUES } from '../../src/domain/market.ts'
import { record } from '../../src/sim/record.ts'
import type { RecordedFiles } from '../../src/sim/record.ts'
import { startReplay } from '../../src/sim/replay.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Counts } from '../../src/sim/simulation.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import { realClock } from '../support/real-clock.ts'
import { readerOf } from './clients.ts'

const directory = mkdtempSync(join(tmpdir(), 'record-'))
let recorded: RecordedFiles
let counts: Readonly<Record<string, Counts>>

beforeAll(async () => {
  const sim = await startSimulation({
    seed: 2,
    symbols: ['BTC-USD', 'BTC-USDT'],
    now: realClock.now,
    tradesPerSecond: 20,
  })
  recorded = await record({
    sources: [...Object.values(venues), ...Object.values(aggregators)],
    endpoints: sim.endpoints,
    symbols: ['BTC-USD', 'BTC-USDT'],
    minutes: 6 / 60,
    directory,
    now: realClock.now,
    restPaceMs: 10,
  })
  counts = sim.counts()
  await sim.close()
})
afterAll(() => rmSync(directory, { recursive: true }))

interface Line {
  readonly k: string
  readonly t: number
  readonly raw: string
  readonly url: string
}

const linesOf = (source: string, name: RegExp): readonly Line[] => {
  const home = join(directory, source, 'ws')
  return readdirSync(home)
    .filter((file) => name.test(file))
    .flatMap((file) =>
      gunzipSync(readFileSync(join(home, file)))
        .toString()
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as Line)
}

test('everything the sources sent is there, frame by frame', () => {
  expect(recorded.failures).toEqual([])
  for (const venue of VENUES) {
    const frames = linesOf(venue.toLowerCase(), /^stream/).filter(({ k }) => k === 'rx')
    const sent = counts[venue]!.framesSent
    expect(frames.length, venue).toBeGreaterThan(20)
    // The last few may have been on their way when the time was up.
    expect(sent - frames.length, venue).toBeLessThanOrEqual(10)
    const rest = linesOf(venue.toLowerCase(), /^rest/)
    expect(rest[0]!.k).toBe('meta')
    expect(rest.filter(({ k }) => k === 'http').length).toBeGreaterThan(5)
  }
  for (const source of ['coingecko', 'coinpaprika'])
    expect(linesOf(source, /^rest/).filter(({ k }) => k === 'http').length).toBe(1)
})

describe.each(VENUES)('%s played again', (venue) => {
  test('gives its book the same life', async () => {
    const replay = await startReplay({
      directory,
      speed: 20,
      now: realClock.now,
      settleMs: 100,
      graceMs: 200,
    })
    const symbol = venue === 'COINBASE' || venue === 'KRAKEN' ? 'BTC-USD' : 'BTC-USDT'
    const { stream, listings, depth } = venues[venue]
    const endpoints = replay.endpoints[venue.toLowerCase() as 'kraken']
    const ask = async <T>(request: {
      path: string
      read: (reply: { status: number; headers: Record<string, string>; body: string }) => {
        ok: boolean
        value?: T
      }
    }): Promise<T> => {
      const response = await fetch(`${endpoints.rest_url}${request.path}`)
      return request.read({ status: response.status, headers: {}, body: await response.text() }).value!
    }
    const listing = (await ask(listings())).find((candidate) => candidate.symbol === symbol)!
    const reader = await readerOf(`${endpoints.ws_url}${stream.route('book').path}`)
    for (const frame of [
      ...(stream.greet ?? []),
      ...stream.subscribe(
        [
          { channel: 'book', spelling: listing.spelling },
          { channel: 'trades', spelling: listing.spelling },
        ],
        1,
      ),
    ])
      reader.send(frame)
    await replay.finished
    await new Promise((resolve) => setTimeout(resolve, 50))
    const book = new LiveBook(stream.dance)
    const results: string[] = []
    let trades = 0
    for (const frame of reader.frames) {
      const decoded = stream.decode(frame)
      expect(decoded).toHaveProperty('events')
      for (const event of 'events' in decoded ? decoded.events : []) {
        if (event.kind === 'trade') trades++
        if (
          (event.kind === 'bookSnapshot' || event.kind === 'bookDelta') &&
          event.spelling === listing.spelling
        )
          results.push(book.apply(event))
      }
    }
    if (stream.dance.kind === 'rangeJoin') results.push(book.join(await ask(depth(listing))))
    expect(results.filter((result) => result === 'gap')).toEqual([])
    expect(results.length).toBeGreaterThan(20)
    expect(trades).toBeGreaterThan(10)
    expect(book.isSynced).toBe(true)
    expect(book.isCrossed).toBe(false)
    reader.close()
    await replay.close()
  })
})

test('a source that cannot be reached costs its own recording only, and is named', async () => {
  const own = mkdtempSync(join(tmpdir(), 'record-'))
  const { files, failures } = await record({
    sources: [venues.KRAKEN],
    endpoints: { kraken: { rest_url: 'http://127.0.0.1:1/0/public', ws_url: 'ws://127.0.0.1:1/v2' } },
    symbols: ['BTC-USD'],
    minutes: 0.5 / 60,
    directory: own,
    now: realClock.now,
  })
  expect(files).toEqual([])
  expect(failures.length).toBeGreaterThan(0)
  rmSync(own, { recursive: true })
})
