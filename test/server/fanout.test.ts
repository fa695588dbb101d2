import { parse, print } from 'graphql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FacadeError } from '../../src/domain/errors.ts'
import { openStage, settle, Unshared } from './readers.ts'
import type { Asked, RawReader, Stage } from './readers.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.close())

const TRADES = 'subscription { trades(symbols: ["BTC-USD"]) { id sequence price } }'
const BOOK = 'subscription { book(symbol: "BTC-USD", venue: COINBASE, depth: 3) { sequence bids { price } } }'

/** Operations as frontends write them; `n` is the reader's own, for what is no part of the shared execution. */
const MIXED: readonly ((n: number) => Asked)[] = [
  () => ({ query: TRADES }),
  (n) => ({
    query: `subscription Tape($symbols: [Symbol!]!, $after: String) {
      trades(symbols: $symbols, after: $after) { ...Print cursor attribution { text sources } }
    }
    fragment Print on Trade { id symbol venue price size takerSide executedAt }`,
    variables: { symbols: n % 2 === 0 ? ['BTC-USD', 'ETH-USD'] : ['SOL-USD'], after: `e1.${n % 7}` },
  }),
  (n) => ({
    query: `subscription Ladder($depth: Int!, $maxRate: Float, $hasWhy: Boolean!) {
      ladder: book(symbol: "ETH-USD", venue: COINBASE, depth: $depth, maxRate: $maxRate) {
        top: bids { at: price size } asks { price } sequence
        attribution @include(if: $hasWhy) { authority text observedAt cache { status } }
      }
    }`,
    variables: { depth: 2 + (n % 3), maxRate: [null, 2, 5, 10][n % 4], hasWhy: n % 2 === 0 },
  }),
  (n) => ({
    query: `subscription Ticker($maxRate: Float) {
      prices(symbols: ["BTC-USD", "ETH-USD", "SOL-USD"], maxRate: $maxRate) {
        symbol price { ... on Reconciled { value } reconciliation { verdict used { source value conversion { rate } } dropped { reason } } }
      }
    }`,
    variables: { maxRate: [null, 1, 4][n % 3] },
  }),
  () => ({
    query:
      'subscription { bars(symbols: ["BTC-USDT"]) { __typename openTime volume isClosed attribution { receivedAt } } }',
  }),
  () => ({
    query: `subscription { bookDeltas(symbol: "BTC-USDT", venue: BINANCE) { kind sequence checksum bids { price size } } }`,
  }),
  (n) => ({
    query: `subscription All($rate: Float) {
      consolidatedBook(symbol: "BTC-USD", maxRate: $rate) { isCrossed bids { price size venues { venue size } } excluded { venue reason } }
    }`,
    variables: { rate: n % 2 === 0 ? 3 : null },
  }),
  (n) => ({
    query: `subscription Skips($skip: Boolean! = ${n % 2 === 0}) {
      trades(symbols: ["ETH-USD"]) { id ... on Trade @skip(if: $skip) { price ...Where } a: symbol }
    }
    fragment Where on Trade { venue receivedAt }`,
  }),
  () => ({ query: 'subscription { health { status sources { source status stream { messagesTotal } } } }' }),
  // More switches than the compiler takes: left to graphql-js, shared with nobody.
  (n) => ({
    query: `subscription S($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!) {
      trades(symbols: ["BTC-USD"]) {
        id @include(if: $a) price @include(if: $b) size @include(if: $c) venue @skip(if: $d) symbol @skip(if: $e)
      }
    }`,
    variables: { a: true, b: n % 2 === 0, c: n % 3 === 0, d: n % 5 === 0, e: n % 7 === 0 },
  }),
]

const askedBy = (n: number): Asked => (MIXED[n % MIXED.length] as (n: number) => Asked)(n)
const isShared = (n: number): boolean => n % MIXED.length !== MIXED.length - 1

/** Readers with equal keys run one execution. */
const sharedKey = ({ query, variables = {} }: Asked): string => {
  const { after: _after, maxRate: _maxRate, rate: _rate, ...shared } = variables
  return `${print(parse(query))} ${JSON.stringify(shared)}`
}

async function moveMarkets(step: number): Promise<void> {
  const moves = [
    () => stage.print('BTC-USD'),
    () => stage.moveBook('ETH-USD'),
    () => stage.movePrice('BTC-USD'),
    () => stage.print('SOL-USD'),
    () => stage.movePrice('ETH-USD'),
    () => stage.moveBar('BTC-USDT', step % 5 === 4),
    () => stage.tellChange('BTC-USDT'),
    () => stage.moveMerged('BTC-USD'),
    () => stage.print('ETH-USD'),
  ]
  for (const move of moves) {
    move()
    // graphql-js pulls; between two events it is given the time to.
    await settle(1)
  }
  stage.clock.advance(37)
  await settle(1)
}

async function joined(asked: Asked, count: () => number): Promise<RawReader> {
  const before = count()
  const reader = await stage.reader()
  reader.subscribe('1', asked)
  await expect.poll(count).toBe(before + 1)
  return reader
}

describe('a thousand readers of mixed operations', () => {
  it('each receive exactly what an unshared execution would have sent', async () => {
    for (let n = 0; n < 8; n++) stage.print((['BTC-USD', 'ETH-USD', 'SOL-USD'] as const)[n % 3] ?? 'BTC-USD')
    const references = new Map<string, Unshared>()
    const readers: { readonly reader: RawReader; readonly id: string; readonly reference: Unshared }[] = []
    const join = async (from: number, to: number) => {
      references.clear()
      for (let n = from; n < to; n++) {
        const asked = askedBy(n)
        const key = JSON.stringify(asked)
        const reference = references.get(key) ?? new Unshared(stage, asked)
        references.set(key, reference)
        // Two readers to a socket, and ids as no two clients choose them.
        const reader = n % 2 === 0 ? await stage.reader() : (readers.at(-1)?.reader ?? (await stage.reader()))
        const id = n % 5 === 0 ? `é🦊"${n}` : `r${n}`
        reader.subscribe(id, asked)
        readers.push({ reader, id, reference })
      }
      await Promise.all([...references.values()].map(({ isReady }) => isReady))
      const shared = Array.from({ length: to }, (_, n) => n).filter((n) => isShared(n)).length
      await expect.poll(() => stage.fanout.readers(), { timeout: 20_000 }).toBe(shared)
      await settle(20)
    }
    await join(0, 700)
    for (let step = 0; step < 12; step++) await moveMarkets(step)
    await join(700, 1_000)
    for (let step = 0; step < 12; step++) await moveMarkets(step)
    stage.clock.advance(2_000)
    await settle(20)

    const isThrough = () =>
      readers.every(({ reader, id, reference }) => reader.results(id).length >= reference.results.length)
    await expect.poll(isThrough, { timeout: 20_000 }).toBe(true)
    for (const { reader, id, reference } of readers) {
      expect(reader.results(id)).toEqual(reference.results)
      expect(reference.results.length).toBeGreaterThan(0)
    }
    const distinct = Array.from({ length: 1_000 }, (_, n) => n)
      .filter((n) => isShared(n))
      .map((n) => sharedKey(askedBy(n)))
    expect(stage.fanout.topics()).toBe(new Set(distinct).size)
  }, 120_000)

  it.each([1, 10, 300])(
    'cost one execution per event and distinct operation with %i readers of each',
    async (count) => {
      const operations: readonly Asked[] = [
        { query: TRADES },
        { query: 'subscription { trades(symbols: ["BTC-USD"]) { id } }' },
        { query: 'subscription Same { trades(symbols: ["BTC-USD"]) { id } }' },
      ]
      const layouts = ['subscription{trades(symbols:["BTC-USD"]){id}}', operations[1]?.query ?? '']
      const reader = await stage.reader()
      for (let n = 0; n < count; n++) {
        for (const [at, asked] of operations.entries()) {
          reader.subscribe(`${n}-${at}`, at === 1 ? { query: layouts[n % 2] ?? '' } : asked)
        }
      }
      await expect.poll(() => stage.fanout.readers()).toBe(count * operations.length)
      const before = { ...stage.fanout.counts }
      for (let event = 0; event < 5; event++) stage.print('BTC-USD')
      await expect.poll(() => reader.messages.length).toBe(count * operations.length * 5)
      expect(stage.fanout.counts.executions - before.executions).toBe(5 * operations.length)
      expect(stage.fanout.counts.deliveries - before.deliveries).toBe(5 * operations.length * count)
      expect(stage.served).toHaveLength(5)
    },
  )
})

describe('a reader', () => {
  it('that joins late gets the present state once, and then what follows', async () => {
    const first = await joined({ query: BOOK }, () => stage.fanout.readers())
    stage.moveBook('BTC-USD')
    stage.moveBook('BTC-USD')
    const late = await joined({ query: BOOK }, () => stage.fanout.readers())
    stage.moveBook('BTC-USD')
    await expect.poll(() => late.results('1').length).toBe(2)
    expect(sequencesOf(first.results('1'))).toEqual(['0', '1', '2', '3'])
    expect(sequencesOf(late.results('1'))).toEqual(['2', '3'])
  })

  it('resumes behind its own cursor, without loss or repetition, however far back', async () => {
    for (let n = 0; n < 400; n++) stage.print('BTC-USD')
    const query =
      'subscription T($after: String) { trades(symbols: ["BTC-USD"], after: $after) { sequence } }'
    const reader = await stage.reader()
    reader.subscribe('now', { query })
    reader.subscribe('far', { query, variables: { after: 'e1.10' } })
    reader.subscribe('near', { query, variables: { after: 'e1.399' } })
    await expect.poll(() => stage.fanout.readers()).toBe(3)
    for (let n = 0; n < 5; n++) stage.print('BTC-USD')
    await expect.poll(() => reader.results('now').length).toBe(5)
    expect(sequencesOf(reader.results('now'))).toEqual([401, 402, 403, 404, 405])
    expect(sequencesOf(reader.results('far'))).toEqual(Array.from({ length: 395 }, (_, at) => at + 11))
    expect(sequencesOf(reader.results('near'))).toEqual([400, 401, 402, 403, 404, 405])
    expect(stage.fanout.topics()).toBe(1)
  })

  it('whose cursor is gone is refused, and nobody else notices', async () => {
    const query =
      'subscription T($after: String) { trades(symbols: ["BTC-USD"], after: $after) { sequence } }'
    const reader = await stage.reader()
    reader.subscribe('good', { query })
    reader.subscribe('gone', { query, variables: { after: 'e1.77' } })
    await expect.poll(() => reader.of('gone').length).toBe(2)
    stage.print('BTC-USD')
    await expect.poll(() => reader.results('good').length).toBe(1)
    expect(reader.of('gone')).toMatchObject([
      { type: 'next', payload: { errors: [{ extensions: { code: 'RESUME_EXPIRED', earliest: 'e1.0' } }] } },
      { type: 'complete' },
    ])
    expect(stage.fanout.readers()).toBe(1)
  })

  it('gets no more than its own rate, and the newest at last', async () => {
    const query = `subscription B($maxRate: Float) {
      book(symbol: "BTC-USD", venue: COINBASE, depth: 3, maxRate: $maxRate) { sequence }
    }`
    const reader = await stage.reader()
    reader.subscribe('all', { query })
    reader.subscribe('two', { query, variables: { maxRate: 2 } })
    reader.subscribe('ten', { query, variables: { maxRate: 10 } })
    await expect.poll(() => stage.fanout.readers()).toBe(3)
    for (let n = 0; n < 40; n++) {
      stage.moveBook('BTC-USD')
      stage.clock.advance(50)
    }
    stage.clock.advance(1_000)
    await expect.poll(() => sequencesOf(reader.results('two')).at(-1)).toBe('40')
    expect(reader.results('all')).toHaveLength(41)
    expect(reader.results('ten')).toHaveLength(21)
    expect(reader.results('two')).toHaveLength(5)
    expect(stage.fanout.topics()).toBe(1)
  })

  it('is told of an error in one event as it would be alone, and goes on', async () => {
    const reader = await stage.reader()
    reader.subscribe('a', { query: TRADES })
    reader.subscribe('b', { query: TRADES })
    const alone = new Unshared(stage, { query: TRADES })
    await expect.poll(() => stage.fanout.readers()).toBe(2)
    stage.print('BTC-USD', { price: null as never })
    stage.print('BTC-USD')
    await expect.poll(() => reader.results('b').length).toBe(2)
    const [broken, next] = reader.results('a')
    expect(broken).toMatchObject({
      data: null,
      errors: [
        { path: ['trades', 'price'], extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false } },
      ],
    })
    expect(alone.results[0]).toMatchObject({ data: null, errors: [{ path: ['trades', 'price'] }] })
    expect(JSON.stringify(broken)).not.toContain('non-nullable')
    expect(next).toEqual(alone.results[1])
    const idOf = (result: unknown) =>
      (result as { errors: { extensions: { requestId: string } }[] }).errors[0]?.extensions.requestId
    expect(idOf(broken)).not.toBe(idOf(reader.results('b')[0]))
  })

  it('hears everything before the end of its stream, and nothing after it', async () => {
    const reader = await joined({ query: TRADES }, () => stage.fanout.readers())
    for (let n = 0; n < 50; n++) stage.print('BTC-USD')
    stage.endTrades('BTC-USD', null)
    await expect.poll(() => reader.of('1').at(-1)?.type).toBe('complete')
    expect(reader.of('1').map(({ type }) => type)).toEqual([...Array(50).fill('next'), 'complete'])
    expect(stage.fanout.topics()).toBe(0)
    expect(stage.fanout.lanes()).toBe(0)
  })

  it('hears why its stream broke, after all that came before, and so does whoever asks again', async () => {
    const reader = await joined({ query: TRADES }, () => stage.fanout.readers())
    stage.print('BTC-USD')
    stage.endTrades('BTC-USD', new FacadeError('SOURCE_UNAVAILABLE', 'The venue is gone.'))
    await expect.poll(() => reader.of('1').length).toBe(2)
    reader.subscribe('2', { query: TRADES })
    await expect.poll(() => reader.of('2').length).toBe(1)
    const refusal = { type: 'error', payload: [{ extensions: { code: 'SOURCE_UNAVAILABLE' } }] }
    expect(reader.of('1')).toMatchObject([{ type: 'next' }, refusal])
    expect(reader.of('2')).toMatchObject([refusal])
    expect(stage.fanout.topics()).toBe(0)
  })

  it('asks once over the same socket and is answered as over HTTP', async () => {
    const reader = await stage.reader()
    const queries = [
      '{ symbols }',
      '{ market(symbol: "BTC-USD") { price { value attribution { text } } } }',
      '{ market(symbol: "NO-SUCH") { symbol } }',
    ]
    for (const [at, query] of queries.entries()) reader.subscribe(`q${at}`, { query })
    await expect.poll(() => reader.messages.filter(({ type }) => type === 'complete').length).toBe(3)
    for (const [at, query] of queries.entries()) {
      const over = (await (await stage.server.post({ query })).json()) as { errors?: unknown[] }
      const [result] = reader.results(`q${at}`)
      expect(reader.of(`q${at}`).map(({ type }) => type)).toEqual(['next', 'complete'])
      if (over.errors === undefined) expect(result).toEqual(over)
      else expect(result).toMatchObject({ errors: [{ extensions: { code: 'UNKNOWN_SYMBOL' } }] })
    }
  })
})

describe('leaving', () => {
  it('frees everything, ten thousand times', async () => {
    const reader = await stage.reader()
    const timers = stage.clock.pendingTimers
    const query = `subscription B($symbol: Symbol!, $maxRate: Float) {
      book(symbol: $symbol, venue: COINBASE, depth: 3, maxRate: $maxRate) { sequence }
    }`
    for (let round = 0; round < 100; round++) {
      for (let n = 0; n < 100; n++) {
        const symbol = ['BTC-USD', 'ETH-USD', 'SOL-USD'][n % 3]
        reader.subscribe(`${round}-${n}`, { query, variables: { symbol, maxRate: n % 2 === 0 ? 5 : null } })
      }
      await expect.poll(() => stage.fanout.readers(), { interval: 2 }).toBe(100)
      stage.moveBook('BTC-USD')
      expect(stage.fanout.topics()).toBe(3)
      for (let n = 0; n < 100; n++) reader.complete(`${round}-${n}`)
      await expect.poll(() => stage.fanout.readers(), { interval: 2 }).toBe(0)
    }
    expect(stage.fanout.topics()).toBe(0)
    expect(stage.fanout.lanes()).toBe(0)
    expect(stage.readers()).toBe(0)
    expect(stage.clock.pendingTimers).toBe(timers)
  }, 60_000)

  it('without a word frees as much', async () => {
    const readers = await Promise.all(Array.from({ length: 50 }, () => stage.reader()))
    for (const reader of readers) for (const id of ['1', '2', '3']) reader.subscribe(id, { query: BOOK })
    await expect.poll(() => stage.fanout.readers()).toBe(150)
    for (const reader of readers) reader.socket.terminate()
    await expect.poll(() => stage.fanout.readers()).toBe(0)
    expect([stage.fanout.topics(), stage.fanout.lanes(), stage.readers()]).toEqual([0, 0, 0])
  })
})

const sequencesOf = (results: readonly unknown[]): unknown[] =>
  results.map(
    (result) => Object.values((result as { data: Record<string, { sequence: unknown }> }).data)[0]?.sequence,
  )
