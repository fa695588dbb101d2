import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answered } from '../../src/domain/errors.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { NOON, price, stillFacade, trade } from '../support/facade.ts'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())

const JSON_RESPONSE = { accept: 'application/graphql-response+json' }

describe('a query over HTTP', () => {
  it('is answered by POST and by GET alike', async () => {
    const query = '{ market(symbol: "BTC-USD") { price { value } } }'
    const expected = { data: { market: { price: { value: '45025.10' } } } }
    expect(await (await served.post({ query })).json()).toEqual(expected)
    expect(await (await fetch(`${served.url}?query=${encodeURIComponent(query)}`)).json()).toEqual(expected)
  })

  it('carries the id of the request in its header and in its errors', async () => {
    const response = await served.post(
      { query: '{ market(symbol: "NO-SUCH") { symbol } }' },
      { 'x-request-id': 'ticket-4711' },
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('x-request-id')).toBe('ticket-4711')
    expect(await response.json()).toMatchObject({
      data: { market: null },
      errors: [{ extensions: { code: 'UNKNOWN_SYMBOL', requestId: 'ticket-4711' } }],
    })
  })

  it.each([
    ['a document that cannot be read', '{ market(', 400],
    ['a field nobody knows', '{ moon }', 400],
    ['a symbol in the wrong form', '{ market(symbol: "btc") { symbol } }', 400],
  ])("with %s is the asker's fault", async (_what, query, status) => {
    const response = await served.post({ query }, JSON_RESPONSE)
    expect(response.status).toBe(status)
    const { errors } = (await response.json()) as { errors: { extensions: object }[] }
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false })
    expect(errors[0]?.extensions).not.toHaveProperty('http')
  })

  it("whose variable does not fit is the asker's fault", async () => {
    const query = 'query ($symbol: Symbol!) { market(symbol: $symbol) { symbol } }'
    const response = await served.post({ query, variables: { symbol: 'btc' } }, JSON_RESPONSE)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', argument: 'symbol' } }],
    })
  })

  it('that fails through our fault says nothing but where to look, and the log says the rest', async () => {
    const facade = stillFacade({ warm: { prices: () => Promise.reject(new Error('secret cause')) } })
    const broken = await serve({ facade })
    try {
      const response = await broken.post({ query: '{ market(symbol: "BTC-USD") { price { value } } }' })
      const text = await response.text()
      expect(text).not.toContain('secret')
      const requestId: unknown = JSON.parse(text).errors[0].extensions.requestId
      expect(broken.lines.filter((line) => line['requestId'] === requestId)).toMatchObject([
        { err: { message: 'secret cause' } },
      ])
    } finally {
      await broken.close()
    }
  })
})

describe('what a browser may be tricked into sending', () => {
  it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
    'is refused: %s',
    async (type) => {
      const response = await served.post('query={symbols}', {
        'content-type': type,
        'x-graphql-yoga-csrf': '1',
      })
      expect(response.status).toBe(403)
    },
  )

  it('is refused when it comes in batches or is larger than 100 kB', async () => {
    const query = '{ symbols }'
    expect((await served.post([{ query }, { query }])).status).toBe(400)
    expect((await served.post({ query, variables: { pad: 'x'.repeat(100_000) } })).status).toBe(413)
  })
})

describe('the quick way', () => {
  it('answers in its own words where it can, and leaves the rest to the reference', async () => {
    const quick = await serve({
      execution: {
        query: ({ query }) =>
          Promise.resolve(query === '{ symbols }' ? '{"data":{"symbols":["QUICK"]}}' : null),
        connect: () => ({ deliver: () => null, flush: () => undefined }),
      },
    })
    try {
      expect(await (await quick.post({ query: '{ symbols }' })).json()).toEqual({
        data: { symbols: ['QUICK'] },
      })
      expect(await (await quick.post({ query: '{ health { status } }' })).json()).toEqual({
        data: { health: { status: 'DEGRADED' } },
      })
      expect((await quick.post({ query: '{ symbols moon }' }, JSON_RESPONSE)).status).toBe(400)
    } finally {
      await quick.close()
    }
  })
})

describe('a subscription over server-sent events', () => {
  it('delivers, and reports the end of a reader that was too slow', async () => {
    const aborted = new AbortController()
    const response = await fetch(served.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { trades(symbols: ["BTC-USD"]) { id } }' }),
      signal: aborted.signal,
    })
    const { topics } = served.facade
    await expect.poll(() => topics.trades.readers).toBe(1)
    topics.trades.publish(trade(1))
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes('9001')) break
    }
    expect(text).toContain('data: {"data":{"trades":{"id":"9001"}}}')
    aborted.abort()
    await expect.poll(() => topics.trades.readers).toBe(0)
  })
})

describe('the page for people', () => {
  it('loads nothing from elsewhere and opens with our documents', async () => {
    const page = await (await fetch(served.url, { headers: { accept: 'text/html' } })).text()
    expect(page).toContain('YogaGraphiQL')
    expect(page).toContain('query Watchlist')
    expect(page.match(/(src|href)="https?:/g)).toBeNull()
    expect(page).toContain('"subscriptionsProtocol":"WS"')
  })

  it('has each document of schema/operations with variables that make it run', async () => {
    const asked = exampleOperations().filter(({ query }) => !query.includes('subscription '))
    const answers = await Promise.all(
      asked.map(async ({ name, query, variables }) => {
        const { errors = [] } = (await (await served.post({ query, variables })).json()) as {
          errors?: { extensions: { code: string } }[]
        }
        return [name, errors.map(({ extensions }) => extensions.code)] as const
      }),
    )
    // The example record is of no answer that was ever given.
    expect(answers.filter(([, codes]) => codes.length > 0)).toEqual([['record', ['SNAPSHOT_NOT_FOUND']]])
  })
})

describe('the probes', () => {
  it('say alive and ready', async () => {
    const at = (path: string) => fetch(new URL(path, served.url))
    expect((await at('/healthz')).status).toBe(200)
    expect(await (await at('/readyz')).json()).toEqual({ status: 'DEGRADED' })
    expect((await at('/elsewhere')).status).toBe(404)
  })
})

describe('leaving', () => {
  it('answers what is in flight before it goes, and takes nothing new', async () => {
    const late = Promise.withResolvers<void>()
    const facade = stillFacade({
      warm: {
        prices: async (requests) => {
          await late.promise
          return requests.map(({ symbol }) => answered(price(symbol)))
        },
      },
    })
    const leaving = await serve({ facade })
    const answer = leaving.post({ query: '{ market(symbol: "BTC-USD") { price { value } } }' })
    await expect.poll(() => facade.asked.prices.length).toBe(1)
    const gone = leaving.close()
    const refused = await new Promise<string>((resolve) => {
      const socket = connect(leaving.port, '127.0.0.1')
      socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? ''))
    })
    expect(refused).toBe('ECONNREFUSED')
    late.resolve()
    expect(await (await answer).json()).toEqual({ data: { market: { price: { value: '45025.10' } } } })
    await gone
  })

  it('does not wait longer than it may for a stream that never ends', async () => {
    const leaving = await serve()
    const call = request(leaving.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    })
    call.on('error', () => undefined)
    call.end(JSON.stringify({ query: 'subscription { trades(symbols: ["BTC-USD"]) { id } }' }))
    await expect.poll(() => leaving.facade.topics.trades.readers).toBe(1)
    const gone = leaving.close(2_000)
    await new Promise((resolve) => setImmediate(resolve))
    leaving.facade.clock.advance(2_000)
    await gone
    expect(leaving.facade.clock.now()).toBe(NOON + 2_000)
  })
})
