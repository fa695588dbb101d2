/** What every source promises, run over all six: the other half of the contracts in `src/sources/source.ts`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decoded } from '../../src/domain/event.ts'
import { AGGREGATORS, INTERVAL_MS, VENUES } from '../../src/domain/market.ts'
import type { Listing, Perpetual, Venue } from '../../src/domain/market.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import { binanceFrames } from '../../src/sources/binance.ts'
import { coinbaseFrames } from '../../src/sources/coinbase.ts'
import { krakenFrames, krakenWays } from '../../src/sources/kraken.ts'
import { okxFrames } from '../../src/sources/okx.ts'
import type { VenueSource } from '../../src/sources/source.ts'
import { parseKeepingDigits } from '../../src/wire/json.ts'
import type { Reading, Request } from '../../src/wire/request.ts'
import { FRAMES, HARMLESS, LISTINGS, reply } from '../sources/fixtures.ts'

const PERPETUALS: readonly Perpetual[] = [
  { venue: 'BINANCE', symbol: 'BTC-USDT', instrument: 'BTCUSDT', contractSize: '1', isInverse: false },
]

/** A frame as a bad link or a changed venue might deliver it. */
const damaged = (frame: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.nat(frame.length).map((at) => frame.slice(0, at)),
    fc
      .tuple(
        fc.nat(frame.length - 1),
        fc.constantFrom('"', '{', '}', '[', ']', ',', ':', '-', 'e', '0', '\\', '\u0000', 'é'),
      )
      .map(([at, char]) => frame.slice(0, at) + char + frame.slice(at + 1)),
    fc.nat(frame.length - 1).map((at) => frame.slice(0, at) + frame.slice(at + 1)),
    replaced(frame),
  )

/** Puts a value of another kind where one stood, or takes a key away. */
function replaced(frame: string): fc.Arbitrary<string> {
  const values = [...frame.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[\]/g)]
  if (values.length === 0) return fc.constant(frame)
  const other = fc.constantFrom(
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '"x"',
    '-1',
    '1e400',
    '1e-7',
    'NaN',
    '"NaN"',
    '"-1"',
    '"1e5"',
    '"0x10"',
    '"."',
    '1.5',
    '9007199254740993',
    '"__proto__"',
    '{"__proto__":1}',
    '"constructor"',
    `"${'9'.repeat(500)}"`,
    '"1.2.3"',
  )
  return fc.tuple(fc.nat(values.length - 1), other).map(([nth, value]) => {
    const found = values[nth]
    if (found === undefined) return frame
    return frame.slice(0, found.index) + value + frame.slice(found.index + found[0].length)
  })
}

const frameOf = (venue: Venue): fc.Arbitrary<string> =>
  fc.constantFrom(...Object.values(FRAMES[venue]), ...HARMLESS[venue]).chain(damaged)

/** Every size and price of every event, wherever it stands. */
function decimalsOf(decoded: Decoded): readonly string[] {
  if ('malformed' in decoded) return []
  return decoded.events.flatMap((event) => {
    if (event.kind === 'bookSnapshot' || event.kind === 'bookDelta')
      return [...event.bids, ...event.asks].flat()
    if (event.kind === 'trade') return [event.price, event.size]
    return event.kind === 'candle' ? [event.open, event.high, event.low, event.close, event.volume] : []
  })
}

function everyRequest(source: VenueSource, listing: Listing): readonly Request<unknown>[] {
  const range = { from: 0, to: 10 * INTERVAL_MS.M1 }
  const { derivatives } = source
  const funding = derivatives?.funding(PERPETUALS)
  return [
    source.listings(),
    ...source.quotes([listing]),
    source.candles.request(listing, 'M1', range),
    source.depth(listing),
    source.recentTrades(listing),
    ...(derivatives === undefined ? [] : [derivatives.perpetuals(), ...derivatives.openInterest(PERPETUALS)]),
    ...(funding?.requests ?? []),
    ...(funding?.intervals === undefined ? [] : [funding.intervals]),
    ...(funding?.marks === undefined ? [] : [funding.marks]),
    ...(funding?.indices === undefined ? [] : [funding.indices]),
  ]
}

const HOSTILE: readonly (readonly [string, string, number])[] = [
  ['nothing at all', '', 200],
  ['a page of HTML', '<html><body>Attention Required!</body></html>', 200],
  ['half a body', '{"symbols":[{"symbol":"BTC', 200],
  ['a number', '1e400', 200],
  ['null', 'null', 200],
  ['an empty object', '{}', 200],
  ['a poisoned object', '{"__proto__":{"ok":true},"constructor":{"prototype":1}}', 200],
  ['a list of lists', '[[[[[[]]]]]]', 200],
  ['text', '"ok"', 200],
  [
    'rows of rubbish',
    '{"code":"0","result":{"x":[["NaN",null]]},"data":[["NaN",null]],"error":[],"tickers":[1],"products":[1]}',
    200,
  ],
]

describe.each(VENUES)('%s as a venue', (id) => {
  const source = venues[id]
  const listing = LISTINGS[id]
  const { stream } = source

  it('goes by its own name and points at its documentation', () => {
    expect(source.id).toBe(id)
    expect(source.docs).toMatch(/^https:\/\//)
  })

  it('names secure addresses without a path left hanging', () => {
    for (const [name, url] of Object.entries(source.defaults)) {
      expect(url, name).toMatch(name.includes('ws_url') ? /^wss:\/\/.*[^/]$/ : /^https:\/\/.*[^/]$/)
    }
    for (const channel of ['book', 'trades', 'candle'] as const) {
      expect(source.defaults[stream.route(channel).endpoint]).toBeDefined()
    }
  })

  it('keeps its link alive before silence would end it', () => {
    const { keepalive, silenceMs, sendsPerSecond, connectsPerMinute, maxFrameBytes } = stream.link
    expect(keepalive?.everyMs ?? 0).toBeLessThan(silenceMs)
    expect(sendsPerSecond).toBeGreaterThan(0)
    expect(connectsPerMinute).toBeGreaterThan(0)
    expect(maxFrameBytes).toBeGreaterThanOrEqual(1024 * 1024)
  })

  it('asks for every market it is told to, and lets go of the same', () => {
    const wanted = Array.from({ length: 250 }, (_, n) => ({
      channel: (['book', 'trades'] as const)[n % 2] ?? 'book',
      spelling: `${listing.spelling}${n}`,
    }))
    for (const frames of [stream.subscribe(wanted, 1), stream.unsubscribe(wanted, 1)]) {
      const asked = frames
        .map((frame) => JSON.stringify(JSON.parse(frame)))
        .join('\n')
        .toUpperCase()
      for (const { spelling } of wanted) expect(asked).toContain(`"${spelling}`.toUpperCase())
      for (const frame of frames) expect(frame.length).toBeLessThan(16_384)
    }
    expect(stream.subscribe([], 1)).toEqual([])
  })

  it('understands every frame of its own', () => {
    for (const [kind, frame] of Object.entries(FRAMES[id])) {
      const decoded = stream.decode(frame)
      expect(decoded, kind).not.toHaveProperty('malformed')
      expect('events' in decoded && decoded.events.length, kind).toBeGreaterThan(0)
    }
  })

  it('lets pass what it has no meaning for', () => {
    for (const frame of HARMLESS[id]) expect(stream.decode(frame)).toMatchObject({ events: [] })
  })

  it('calls what is no frame malformed', () => {
    for (const frame of ['', '{', 'null', '1', '"x"', '[]', '{}', '<html>', '\u0000']) {
      expect(stream.decode(frame), frame).toHaveProperty('malformed')
    }
  })

  it('never throws on a damaged frame, and says in a few words what is wrong with it', () => {
    fc.assert(
      fc.property(frameOf(id), (frame) => {
        const decoded = stream.decode(frame)
        if ('malformed' in decoded) {
          expect(decoded.malformed.length).toBeGreaterThan(0)
          expect(decoded.malformed.length).toBeLessThanOrEqual(160)
          // The guard refused what the shape allows.
          expect(decoded.malformed).not.toContain('disagree')
        } else expect(Array.isArray(decoded.events)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('lets no size or price through that is not a plain decimal', () => {
    fc.assert(
      fc.property(frameOf(id), (frame) => {
        for (const text of decimalsOf(stream.decode(frame))) expect(text).toMatch(/^\d+(\.\d+)?$/)
      }),
      { numRuns: 1000 },
    )
  })

  it('carries every digit of a price and a size as it was sent', () => {
    for (const frame of Object.values(FRAMES[id])) {
      for (const text of decimalsOf(stream.decode(frame))) expect(frame).toContain(text)
    }
  })

  it('asks over REST in paths that hang on its base address, each at a cost', () => {
    for (const request of everyRequest(source, listing)) {
      expect(request.path).toMatch(/^\/[!-~]*$/)
      expect(request.weight).toBeGreaterThan(0)
      expect(source.defaults[request.host === 'rest' ? 'rest_url' : 'futures_rest_url']).toBeDefined()
    }
  })

  it.each(HOSTILE)('reads %s without throwing and without making a value up', (_, body, status) => {
    for (const request of everyRequest(source, listing)) {
      const read = request.read(reply(body, status))
      if (read.ok) expect(sizeOf(read)).toBe(0)
      else expect(read.failure.message).not.toBe('')
    }
  })

  it('tells apart a limit, an outage, a wall and a broken body', () => {
    for (const request of everyRequest(source, listing)) {
      expect(request.read(reply('', 429, { 'retry-after': '7' }))).toMatchObject({
        failure: { reason: 'RATE_LIMITED', retryAfterMs: 7000 },
      })
      expect(request.read(reply('', 418, { 'retry-after': '120' }))).toMatchObject({
        failure: { reason: 'RATE_LIMITED', retryAfterMs: 120_000 },
      })
      for (const status of [500, 502, 503, 403, 451]) {
        expect(request.read(reply('<html></html>', status))).toMatchObject({
          failure: { reason: 'UNAVAILABLE' },
        })
      }
      expect(request.read(reply('{"a":', 200))).toMatchObject({ failure: { reason: 'MALFORMED' } })
    }
  })

  it('has no question for nothing', () => {
    expect(source.quotes([])).toEqual([])
    expect(source.derivatives?.openInterest([]) ?? []).toEqual([])
    expect(source.derivatives?.funding([]).requests ?? []).toEqual([])
  })
})

function sizeOf(read: Reading<unknown>): number {
  if (!read.ok) return 0
  if (read.value instanceof Map) return read.value.size
  return Array.isArray(read.value) ? read.value.length : 1
}

describe.each(AGGREGATORS)('%s as an aggregator', (id) => {
  const source = aggregators[id]
  const listings = Object.entries(source.coins).map(([base, spelling]) => ({
    source: id,
    symbol: `${base}-USD`,
    spelling,
  }))

  it('knows its coins by id, one coin for one base', () => {
    const ids = Object.values(source.coins)
    expect(new Set(ids).size).toBe(ids.length)
    for (const coin of ids) expect(coin).toMatch(/^[a-z0-9-]+$/)
  })

  it('answers for all its coins in one request', () => {
    expect(source.quotes(listings, {})).toHaveLength(1)
    expect(source.quotes([], {})).toEqual([])
  })

  it('is asked about dollars only', () => {
    expect(source.quotes([{ source: id, symbol: 'BTC-USDT', spelling: 'bitcoin' }], {})).toEqual([])
  })

  it.each(HOSTILE)('reads %s without throwing and without making a value up', (_, body, status) => {
    const readings = source.quotes(listings, {}).map((request) => request.read(reply(body, status)))
    expect(readings.filter((read) => read.ok && read.value.length > 0)).toEqual([])
  })

  it('tells apart a limit, an outage and a broken body', () => {
    for (const request of source.quotes(listings, {})) {
      expect(request.read(reply('', 429))).toMatchObject({ failure: { reason: 'RATE_LIMITED' } })
      expect(request.read(reply('', 500))).toMatchObject({ failure: { reason: 'UNAVAILABLE' } })
      expect(request.read(reply('[{', 200))).toMatchObject({ failure: { reason: 'MALFORMED' } })
    }
  })
})

describe('guards and shapes of the hot frames', () => {
  const pairs = Object.entries({
    ...prefixed('binance', binanceFrames),
    ...prefixed('okx', okxFrames),
    ...prefixed('coinbase', coinbaseFrames),
    ...prefixed('kraken', krakenFrames),
  })
  const quoted = (frame: string): unknown => parseKeepingDigits(frame, ['price', 'qty'])
  const everyFrame = VENUES.flatMap((id) => Object.values(FRAMES[id]))

  it.each(pairs)('%s: the guard accepts exactly what the shape accepts', (_, { isSound, shape }) => {
    expect(everyFrame.flatMap((frame) => partsOf(quoted(frame))).some(isSound)).toBe(true)
    fc.assert(
      fc.property(fc.constantFrom(...everyFrame).chain(damaged), (frame) => {
        for (const part of partsOf(quoted(frame))) {
          expect(isSound(part), JSON.stringify(part)).toBe(shape.safeParse(part).success)
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('KRAKEN: the quick way says what the long way says, or nothing', () => {
    fc.assert(
      fc.property(frameOf('KRAKEN'), (frame) => {
        const quick = krakenWays.decodeKnownBook(frame)
        if (quick !== null) expect(quick).toEqual(krakenWays.decodeAny(frame))
      }),
      { numRuns: 3000 },
    )
    expect(krakenWays.decodeKnownBook(FRAMES.KRAKEN['book'] ?? '')).not.toBeNull()
  })
})

interface Pair {
  readonly isSound: (value: Readonly<Record<string, unknown>>) => boolean
  readonly shape: { readonly safeParse: (value: unknown) => { readonly success: boolean } }
}

function prefixed(prefix: string, frames: Readonly<Record<string, unknown>>): Readonly<Record<string, Pair>> {
  return Object.fromEntries(Object.entries(frames).map(([name, pair]) => [`${prefix} ${name}`, pair as Pair]))
}

/** Every object inside a value. */
function partsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.values(value).flatMap(partsOf)
  return Array.isArray(value) ? inner : [value as Readonly<Record<string, unknown>>, ...inner]
}
