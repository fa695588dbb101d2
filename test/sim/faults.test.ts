/** Each fault does what it says, as often as it says, and no longer. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { venues } from '../../src/sources/index.ts'
import { readerOf, settled } from './clients.ts'
import type { Reader } from './clients.ts'

const STARTED = Date.UTC(2026, 2, 3, 14, 25, 30)

let sim: Simulation
beforeEach(async () => {
  sim = await startSimulation({
    seed: 5,
    symbols: ['BTC-USD', 'ETH-USD', 'BTC-USDT'],
    isManual: true,
    startAt: STARTED,
  })
})
afterEach(() => sim.close())

async function okxBooks(...ids: readonly string[]): Promise<Reader> {
  const reader = await readerOf(sim.endpoints.okx.ws_url!)
  reader.send({ op: 'subscribe', args: ids.map((instId) => ({ channel: 'books', instId })) })
  for (const id of ids) await reader.until((frame) => frame.includes('snapshot') && frame.includes(id))
  return reader
}

interface Link {
  readonly seqId: number
  readonly prevSeqId: number
}

const chainOf = (reader: Reader, name: string): readonly Link[] =>
  reader.frames
    .filter((frame) => frame.includes('"action":"') && frame.includes(name))
    .map((frame) => (JSON.parse(frame) as { data: Link[] }).data[0]!)

const breaks = (chain: readonly Link[]): number =>
  chain.slice(1).filter((link, at) => link.prevSeqId !== chain[at]!.seqId).length

async function play(reader: Reader, ms: number): Promise<void> {
  sim.step(ms)
  await settled(reader)
}

describe('frames', () => {
  test('one in ten is dropped, of that symbol alone, and counted', async () => {
    const reader = await okxBooks('BTC-USDT', 'ETH-USDT')
    const fault = sim.fault({ kind: 'drop', source: 'OKX', symbol: 'BTC-USDT', oneIn: 10 })
    await play(reader, 10_000)
    expect(fault.applied).toBe(10)
    expect(sim.counts().OKX.dropped).toBe(10)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1 + 90)
    // The hundredth is lost as well, and nothing after it shows that.
    expect(breaks(chainOf(reader, 'BTC-USDT'))).toBe(9)
    expect(chainOf(reader, 'ETH-USDT').length).toBe(1 + 100)
    expect(breaks(chainOf(reader, 'ETH-USDT'))).toBe(0)
    reader.close()
  })

  test('a count ends a fault by itself', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'drop', source: 'OKX', count: 3 })
    await play(reader, 2_000)
    expect(sim.counts().OKX.dropped).toBe(3)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1 + 17)
    reader.close()
  })

  test('a duration ends a fault by itself', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'drop', source: 'OKX', durationMs: 1_000 })
    await play(reader, 2_000)
    expect(sim.counts().OKX.dropped).toBe(9)
    reader.close()
  })

  test('duplicates come twice, reordered ones after their successor, none is lost', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'duplicate', source: 'OKX', oneIn: 5, count: 2 })
    await play(reader, 2_000)
    expect(sim.counts().OKX.duplicated).toBe(2)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1 + 22)
    sim.fault({ kind: 'reorder', source: 'OKX', count: 1 })
    await play(reader, 1_000)
    expect(sim.counts().OKX.reordered).toBe(1)
    const chain = chainOf(reader, 'BTC-USDT').slice(23)
    expect(chain.length).toBe(10)
    expect(chain[0]!.prevSeqId).toBe(chain[1]!.seqId)
    expect(new Set(chain.map(({ seqId }) => seqId)).size).toBe(10)
    reader.close()
  })

  test.each(['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const)(
    '%s skips one number for a gap',
    async (venue) => {
      const { reader, gaps } = await bookReader(venue)
      await play(reader, 1_000)
      expect(gaps()).toBe(0)
      sim.fault({ kind: 'gap', source: venue })
      await play(reader, 1_000)
      expect(sim.counts()[venue].gaps).toBe(1)
      if (venue !== 'KRAKEN') expect(gaps()).toBe(1)
      reader.close()
    },
  )

  test('a spoiled checksum is one frame of Kraken', async () => {
    const { reader } = await bookReader('KRAKEN')
    sim.fault({ kind: 'badChecksum', source: 'KRAKEN', symbol: 'BTC-USD', count: 2 })
    await play(reader, 2_000)
    expect(sim.counts().KRAKEN.badChecksums).toBe(2)
    reader.close()
  })

  test('malformed frames come in the number asked for, of the forms asked for, and cost no good one', async () => {
    const reader = await okxBooks('BTC-USDT')
    await play(reader, 500)
    sim.fault({
      kind: 'malformed',
      source: 'OKX',
      count: 100,
      forms: ['truncated', 'flipped', 'nan', 'html'],
    })
    await play(reader, 500)
    expect(reader.frames.filter((frame) => !isJson(frame)).length).toBe(75)
    expect(reader.frames.filter((frame) => frame.includes('"NaN"')).length).toBe(25)
    expect(sim.counts().OKX.malformed).toBe(100)
    const good = reader.frames.filter(
      (frame) => isJson(frame) && frame.includes('"action":"update"') && !frame.includes('"NaN"'),
    )
    expect(good.length).toBe(10)
    reader.close()
  })
})

test.each(['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const)(
  '%s: our adapter finds every malformed form malformed',
  async (venue) => {
    const { reader } = await bookReader(venue)
    await play(reader, 500)
    const forms = ['truncated', 'flipped', 'types', 'nan', 'huge', 'html', 'empty', 'binary'] as const
    const before = reader.frames.length
    sim.fault({ kind: 'malformed', source: venue, forms, count: 80 })
    await settled(reader)
    const verdicts = reader.frames
      .slice(before)
      .map((frame, at) => [forms[at % forms.length], 'malformed' in venues[venue].stream.decode(frame)])
    expect(verdicts).toEqual(Array.from({ length: 80 }, (_, at) => [forms[at % forms.length], true]))
    sim.fault({ kind: 'malformed', source: venue, forms: ['proto'], count: 1 })
    await settled(reader)
    venues[venue].stream.decode(reader.frames.at(-1)!)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    reader.close()
  },
)

describe('connections', () => {
  test('are cut without a word, or with a code, and counted', async () => {
    const [one, other] = [await okxBooks('BTC-USDT'), await okxBooks('BTC-USDT')]
    sim.fault({ kind: 'disconnect', source: 'OKX' })
    expect(await Promise.all([one.closed, other.closed])).toEqual([1006, 1006])
    const third = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'disconnect', source: 'OKX', code: 1012 })
    expect(await third.closed).toBe(1012)
    expect(sim.counts().OKX).toMatchObject({ connections: 3, disconnected: 3 })
    await expect.poll(() => sim.counts().OKX.open).toBe(0)
  })

  test('are refused until the fault is over', async () => {
    const fault = sim.fault({ kind: 'refuse', source: 'KRAKEN' })
    await expect(readerOf(sim.endpoints.kraken.ws_url!)).rejects.toThrow()
    await expect(readerOf(sim.endpoints.kraken.ws_url!)).rejects.toThrow()
    sim.clear()
    sim.fault({ kind: 'refuse', source: 'KRAKEN', code: 503, count: 1 })
    await expect(readerOf(sim.endpoints.kraken.ws_url!)).rejects.toThrow('503')
    const reader = await readerOf(sim.endpoints.kraken.ws_url!)
    expect(fault.applied).toBe(2)
    expect(sim.counts().KRAKEN).toMatchObject({ refused: 3, connections: 1 })
    reader.close()
  })

  test('fall silent but stay open', async () => {
    const reader = await okxBooks('BTC-USDT', 'ETH-USDT')
    sim.fault({ kind: 'silence', source: 'OKX', symbol: 'BTC-USDT', durationMs: 5_000 })
    await play(reader, 4_000)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1)
    expect(chainOf(reader, 'ETH-USDT').length).toBe(41)
    await play(reader, 4_000)
    expect(chainOf(reader, 'BTC-USDT').length).toBeGreaterThan(20)
    reader.close()
  })

  test('vanish into a black hole: no frame, no pong, no refusal, and come back', async () => {
    const reader = await okxBooks('BTC-USDT')
    await play(reader, 500)
    const before = reader.frames.length
    sim.fault({ kind: 'blackhole', source: 'OKX' })
    reader.send('ping')
    let answered = false
    reader.socket.once('pong', () => (answered = true))
    reader.socket.ping()
    sim.step(3_000)
    // Another venue answers meanwhile: had there been anything to hear, it would have come.
    const other = await readerOf(sim.endpoints.kraken.ws_url!)
    await settled(other)
    expect([reader.frames.length, answered, reader.socket.readyState]).toEqual([
      before,
      false,
      reader.socket.OPEN,
    ])
    sim.clear()
    sim.step(100)
    await reader.until((frame) => frame === 'pong')
    reader.close()
    other.close()
  })

  test('lag by what was asked', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'lag', source: 'OKX', ms: 1_000 })
    await play(reader, 900)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1)
    await play(reader, 600)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1 + 5)
    expect(breaks(chainOf(reader, 'BTC-USDT'))).toBe(0)
    sim.clear()
    await play(reader, 2_000)
    expect(breaks(chainOf(reader, 'BTC-USDT'))).toBe(0)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(1 + 35)
    reader.close()
  })

  test('are told that the server goes down', async () => {
    const okx = await okxBooks('BTC-USDT')
    const { reader: binance } = await bookReader('BINANCE')
    sim.fault({ kind: 'shutdownNotice', source: 'OKX' })
    sim.fault({ kind: 'shutdownNotice', source: 'BINANCE' })
    expect(await okx.until((frame) => frame.includes('notice'))).toContain('"64008"')
    expect(await binance.until((frame) => frame.includes('serverShutdown'))).toContain('"e":"serverShutdown"')
    okx.close()
    binance.close()
  })

  test('are flooded with one enormous frame, or with pieces of one that never ends', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'oversized', source: 'OKX', megabytes: 3 })
    expect((await reader.until((frame) => frame.length > 3_000_000)).length).toBeGreaterThan(3 * 1024 * 1024)
    expect(sim.fault({ kind: 'fragments', source: 'OKX', count: 1_000 }).applied).toBe(1_000)
    reader.close()
    const bombed = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'deflateBomb', source: 'OKX', megabytes: 100 })
    // Nobody agreed to compression: the reader hangs up on the protocol error.
    expect(await bombed.closed).toBe(1006)
  })
})

describe('REST', () => {
  const url = (): string => `${sim.endpoints.binance.rest_url}/api/v3/time`

  test('answers 429, 418 and 5xx, with how long to wait, so often and then no more', async () => {
    sim.fault({ kind: 'status', source: 'BINANCE', status: 429, retryAfterSeconds: 7, count: 1 })
    const limited = await fetch(url())
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await limited.json()).toMatchObject({ code: -1003 })
    sim.fault({ kind: 'status', source: 'BINANCE', status: 503, path: '/time', count: 1 })
    expect((await fetch(url())).status).toBe(503)
    expect((await fetch(url())).status).toBe(200)
    expect(sim.counts().BINANCE).toMatchObject({ spoiled: 2, requests: { '/api/v3/time': 3 } })
  })

  test('answers HTML, half of a body, a body drop by drop, or nothing', async () => {
    sim.fault({ kind: 'html', source: 'BINANCE', count: 1 })
    expect(await (await fetch(url())).text()).toContain('<html>')
    sim.fault({ kind: 'truncate', source: 'BINANCE', count: 1 })
    expect(isJson(await (await fetch(url())).text())).toBe(false)
    sim.fault({ kind: 'slowBody', source: 'BINANCE', bytesPerSecond: 20, count: 1 })
    const slow = await fetch(url())
    const body = slow.text()
    for (let turn = 0; turn < 30; turn++) sim.step(100)
    expect(isJson(await body)).toBe(true)
    sim.fault({ kind: 'hang', source: 'BINANCE', count: 1 })
    const given = new AbortController()
    const hung = fetch(url(), { signal: given.signal })
    expect((await fetch(url())).status).toBe(200)
    given.abort()
    await expect(hung).rejects.toThrow()
  })
})

describe('markets', () => {
  const middle = (venue: 'BINANCE' | 'KRAKEN' | 'COINBASE', symbol: string): number => {
    const { bids, asks } = sim.book(venue, symbol)!
    return (Number(bids[0]![0]) + Number(asks[0]![0])) / 2
  }
  const gecko = async (): Promise<number> =>
    (
      (await (
        await fetch(`${sim.endpoints.coingecko.rest_url}/simple/price?ids=bitcoin&vs_currencies=usd`)
      ).json()) as { bitcoin: { usd: number } }
    ).bitcoin.usd

  test('an outlier moves one source alone, and the book is never crossed on the way', async () => {
    const before = middle('KRAKEN', 'BTC-USD')
    sim.fault({ kind: 'outlier', source: 'KRAKEN', symbol: 'BTC-USD', factor: 1.1 })
    sim.step(100)
    expect(middle('KRAKEN', 'BTC-USD') / before).toBeCloseTo(1.1, 2)
    expect(middle('COINBASE', 'BTC-USD') / before).toBeCloseTo(1, 2)
    const { bids, asks } = sim.book('KRAKEN', 'BTC-USD')!
    expect(Number(bids[0]![0])).toBeLessThan(Number(asks[0]![0]))
    expect(Math.min(bids.length, asks.length)).toBeGreaterThanOrEqual(200)
    const quoted = await gecko()
    sim.fault({ kind: 'outlier', source: 'COINGECKO', factor: 0.5 })
    expect((await gecko()) / quoted).toBeCloseTo(0.5, 2)
  })

  test('a depeg moves tether, and what is priced in it the other way', () => {
    const [tether, bitcoin] = [middle('KRAKEN', 'USDT-USD'), middle('BINANCE', 'BTC-USDT')]
    sim.fault({ kind: 'depeg', factor: 0.95 })
    sim.step(100)
    expect(middle('KRAKEN', 'USDT-USD') / tether).toBeCloseTo(0.95, 3)
    expect(middle('BINANCE', 'BTC-USDT') / bitcoin).toBeCloseTo(1 / 0.95, 2)
    sim.clear()
    sim.step(100)
    expect(middle('KRAKEN', 'USDT-USD') / tether).toBeCloseTo(1, 3)
  })

  test('a quiet symbol trades no more, its book goes on', async () => {
    const reader = await okxBooks('BTC-USDT')
    sim.fault({ kind: 'quiet', source: 'OKX', symbol: 'BTC-USDT' })
    const before = sim.truth.trades('OKX', 'BTC-USDT').length
    await play(reader, 20_000)
    expect(sim.truth.trades('OKX', 'BTC-USDT').length).toBe(before)
    expect(chainOf(reader, 'BTC-USDT').length).toBe(201)
    sim.clear()
    await play(reader, 20_000)
    expect(sim.truth.trades('OKX', 'BTC-USDT').length).toBeGreaterThan(before)
    reader.close()
  })

  test('a skewed clock is wrong at that source alone', async () => {
    sim.fault({ kind: 'skew', source: 'BINANCE', ms: -3_600_000 })
    const { serverTime } = (await (await fetch(`${sim.endpoints.binance.rest_url}/api/v3/time`)).json()) as {
      serverTime: number
    }
    expect(serverTime).toBe(STARTED - 3_600_000)
    const { result } = (await (await fetch(`${sim.endpoints.kraken.rest_url}/Time`)).json()) as {
      result: { unixtime: number }
    }
    expect(result.unixtime).toBe(STARTED / 1000)
  })
})

describe('the control port', () => {
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${sim.controlUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })

  test('takes commands, shows what is wrong now and what was sent, and clears', async () => {
    expect((await post('/fault', { kind: 'status', source: 'okx', status: 500 })).status).toBe(200)
    expect((await fetch(`${sim.endpoints.okx.rest_url}/api/v5/public/time`)).status).toBe(500)
    const state = (await (await fetch(`${sim.controlUrl}/state`)).json()) as {
      faults: { applied: number }[]
      counts: Record<string, { spoiled: number }>
    }
    expect([state.faults[0]!.applied, state.counts['OKX']!.spoiled]).toEqual([1, 1])
    await post('/clear', {})
    expect((await fetch(`${sim.endpoints.okx.rest_url}/api/v5/public/time`)).status).toBe(200)
    const book = (await (
      await fetch(`${sim.controlUrl}/book?venue=kraken&symbol=BTC-USD&depth=3`)
    ).json()) as { bids: unknown[] }
    expect(book.bids).toEqual(sim.book('KRAKEN', 'BTC-USD')!.bids.slice(0, 3))
  })

  test.each([[{ kind: 'explode', source: 'okx' }], [{ kind: 'drop', source: 'mtgox' }], ['nonsense']])(
    'says what is wrong with %j',
    async (command) => {
      expect((await post('/fault', command)).status).toBe(400)
    },
  )
})

test('closing leaves no socket, server or timer behind', async () => {
  const held = (): number =>
    process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Server/.test(name)).length
  const before = held()
  const own = await startSimulation({ seed: 1, symbols: ['BTC-USD'], now: () => STARTED })
  const reader = await readerOf(own.endpoints.kraken.ws_url!)
  own.fault({ kind: 'lag', source: 'KRAKEN', ms: 60_000 })
  reader.send({ method: 'subscribe', params: { channel: 'book', symbol: ['BTC/USD'] } })
  await settled(reader)
  await own.close()
  await reader.closed
  await new Promise((resolve) => setImmediate(resolve))
  expect(held()).toBeLessThanOrEqual(before)
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A book subscription of any venue, and how many breaks of its own numbering it has seen. */
async function bookReader(
  venue: 'BINANCE' | 'OKX' | 'COINBASE' | 'KRAKEN',
): Promise<{ reader: Reader; gaps: () => number }> {
  switch (venue) {
    case 'OKX': {
      const reader = await okxBooks('BTC-USDT')
      return { reader, gaps: () => breaks(chainOf(reader, 'BTC-USDT')) }
    }
    case 'BINANCE': {
      const reader = await readerOf(`${sim.endpoints.binance.ws_url}/stream?streams=btcusdt@depth@100ms`)
      const numbers = (): readonly (readonly [number, number])[] =>
        reader.frames.flatMap((frame) => {
          const found = /"U":(\d+),"u":(\d+)/.exec(frame)
          return found === null ? [] : [[Number(found[1]), Number(found[2])] as const]
        })
      await settled(reader)
      return {
        reader,
        gaps: () =>
          numbers()
            .slice(1)
            .filter(([first], at) => first !== numbers()[at]![1] + 1).length,
      }
    }
    case 'COINBASE': {
      const reader = await readerOf(sim.endpoints.coinbase.ws_url!)
      reader.send({ type: 'subscribe', channel: 'level2', product_ids: ['BTC-USD'] })
      await reader.until((frame) => frame.includes('subscriptions'))
      const numbers = (): readonly number[] =>
        reader.frames.map((frame) => Number(/"sequence_num":(\d+)/.exec(frame)![1]))
      return {
        reader,
        gaps: () =>
          numbers()
            .slice(1)
            .filter((number, at) => number !== numbers()[at]! + 1).length,
      }
    }
    case 'KRAKEN': {
      const reader = await readerOf(sim.endpoints.kraken.ws_url!)
      reader.send({ method: 'subscribe', params: { channel: 'book', symbol: ['BTC/USD'], depth: 10 } })
      await reader.until((frame) => frame.includes('"type":"snapshot"'))
      return { reader, gaps: () => 0 }
    }
  }
}
