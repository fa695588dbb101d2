import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { FacadeError } from '../../src/domain/errors.ts'
import { exampleOperations } from '../../src/server/graphiql.ts'
import { bar, change, slowConsumer, stillFacade, trade } from '../support/facade.ts'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
})

/** A stock client. */
function client(url = served.wsUrl): Client {
  const made = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true })
  clients.push(made)
  return made
}

const TRADES =
  'subscription { trades(symbols: ["BTC-USD"]) { id price sequence attribution { observedAt } } }'

describe('a stock client', () => {
  it('receives each trade in order, and the venue is let go of when it leaves', async () => {
    const { topics } = served.facade
    const events = client().iterate({ query: TRADES })
    const first = events.next()
    await expect.poll(() => topics.trades.readers).toBe(1)
    for (const sequence of [1, 2, 3]) topics.trades.publish(trade(sequence))
    expect(await first).toEqual({
      done: false,
      value: {
        data: {
          trades: {
            id: '9001',
            price: '45000.10',
            sequence: 1,
            attribution: { observedAt: '2026-01-02T12:00:00.000Z' },
          },
        },
      },
    })
    expect((await events.next()).value).toMatchObject({ data: { trades: { id: '9002' } } })
    expect((await events.next()).value).toMatchObject({ data: { trades: { id: '9003' } } })
    await events.return?.()
    await expect.poll(() => topics.trades.readers).toBe(0)
  })

  it('can ask once, too', async () => {
    for await (const result of client().iterate({ query: '{ symbols }' })) {
      expect(result).toEqual({ data: { symbols: ['BTC-USD', 'ETH-USD', 'SOL-USD', 'BTC-USDT'] } })
    }
  })

  it('leaves a market on which nothing happens at once', async () => {
    const { topics } = served.facade
    const quiet = client()
    const stop = quiet.subscribe(
      { query: TRADES },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    )
    await expect.poll(() => topics.trades.readers).toBe(1)
    stop()
    await expect.poll(() => topics.trades.readers).toBe(0)
  })

  it('runs every live document of schema/operations with its variables', async () => {
    const { topics } = served.facade
    const readers = () => Object.values(topics).reduce((sum, each) => sum + each.readers, 0)
    for (const { name, query, variables } of exampleOperations().filter((each) =>
      each.query.includes('subscription '),
    )) {
      const events = client().iterate({ query, variables: { ...variables } })
      const first = events.next()
      await expect.poll(readers).toBe(1)
      topics.trades.publish(trade(1))
      topics.changes.publish(change(1))
      topics.bars.publish(bar())
      expect({ name, ...(await first).value }).not.toHaveProperty('errors')
      await events.return?.()
      await expect.poll(readers).toBe(0)
    }
  })
})

describe('a refusal', () => {
  const fault = async (query: string): Promise<unknown> => {
    try {
      for await (const result of client().iterate({ query })) return result.errors
    } catch (error) {
      return error
    }
    return null
  }

  it.each([
    [
      'an unknown symbol',
      'subscription { trades(symbols: ["NO-SUCH"]) { id } }',
      { code: 'UNKNOWN_SYMBOL', retryable: false },
    ],
    [
      'a cursor that is no longer held',
      'subscription { trades(symbols: ["BTC-USD"], after: "e0.1") { id } }',
      { code: 'RESUME_EXPIRED', earliest: 'e1.0' },
    ],
    [
      'a rate out of bounds',
      'subscription { prices(symbols: ["BTC-USD"], maxRate: 101) { symbol } }',
      { code: 'BAD_USER_INPUT', argument: 'maxRate', limit: 100 },
    ],
    [
      'no symbol at all',
      'subscription { bars(symbols: []) { open } }',
      { code: 'BAD_USER_INPUT', argument: 'symbols', limit: 1 },
    ],
    ['a document that is not valid', 'subscription { moon }', { code: 'BAD_USER_INPUT' }],
    ['a document that cannot be read', 'subscription {', { code: 'BAD_USER_INPUT' }],
  ])('for %s comes with its code and its facts', async (_what, query, extensions) => {
    const errors = await fault(query)
    expect(errors).toMatchObject([{ extensions }])
    expect(JSON.stringify(errors)).not.toContain('"http"')
  })

  it('in the middle of a stream ends it with its code', async () => {
    const facade = stillFacade()
    const own = await serve({ facade })
    try {
      const events = client(own.wsUrl).iterate({ query: TRADES })
      const first = events.next()
      await expect.poll(() => facade.topics.trades.readers).toBe(1)
      facade.topics.trades.publish(trade(1))
      await first
      const rest = events.next()
      facade.topics.trades.end(slowConsumer())
      await expect(rest).rejects.toMatchObject([{ extensions: { code: 'SLOW_CONSUMER', retryable: true } }])
    } finally {
      await own.close()
    }
  })
})

describe('the protocol', () => {
  const raw = async (protocols?: string, url = served.wsUrl): Promise<WebSocket> => {
    const socket = protocols === undefined ? new WebSocket(url) : new WebSocket(url, protocols)
    await once(socket, 'open')
    return socket
  }
  const closing = (socket: WebSocket): Promise<number> => {
    // A stock client also complains about a server that picks no protocol; only the code matters here.
    socket.on('error', () => undefined)
    return new Promise((resolve) => socket.once('close', resolve))
  }
  const PROTOCOL = 'graphql-transport-ws'

  it('refuses a socket that speaks another one, or none', async () => {
    const socket = new WebSocket(served.wsUrl)
    expect(await closing(socket)).toBe(4406)
    // This one hangs up by itself, as it is given none of those it offered.
    const old = new WebSocket(served.wsUrl, 'graphql-ws')
    expect(await closing(old)).toBe(1006)
  })

  it.each([
    [
      'an operation before the greeting',
      ['{"id":"1","type":"subscribe","payload":{"query":"{ symbols }"}}'],
      4401,
    ],
    ['two greetings', ['{"type":"connection_init"}', '{"type":"connection_init"}'], 4429],
    ['what is not JSON', ['{'], 4400],
    ['a word nobody knows', ['{"type":"hello"}'], 4400],
    [
      'the same id twice',
      [
        '{"type":"connection_init"}',
        '{"id":"1","type":"subscribe","payload":{"query":"subscription { trades(symbols: [\\"BTC-USD\\"]) { id } }"}}',
        '{"id":"1","type":"subscribe","payload":{"query":"subscription { trades(symbols: [\\"BTC-USD\\"]) { id } }"}}',
      ],
      4409,
    ],
  ])('closes on %s', async (_what, messages, code) => {
    const socket = await raw(PROTOCOL)
    for (const message of messages) {
      socket.send(message)
      if (messages.length > 1 && message === '{"type":"connection_init"}' && messages[1] !== message)
        await once(socket, 'message')
    }
    expect(await closing(socket)).toBe(code)
  })

  it('closes on bytes, and on more than 64 kB', async () => {
    const bytes = await raw(PROTOCOL)
    bytes.send(Buffer.from([1, 2, 3]))
    expect(await closing(bytes)).toBe(4400)
    const large = await raw(PROTOCOL)
    large.send('x'.repeat(70_000))
    expect(await closing(large)).toBe(1009)
  })

  it('answers a ping with a pong', async () => {
    const socket = await raw(PROTOCOL)
    socket.send('{"type":"ping","payload":{"n":1}}')
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(String(data))).toEqual({ type: 'pong', payload: { n: 1 } })
    socket.close()
  })

  it('lives at the path of HTTP and nowhere else', async () => {
    const socket = new WebSocket(served.wsUrl.replace('/graphql', '/elsewhere'), PROTOCOL)
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('404')
  })

  it('ends a peer that has left without a word', async () => {
    const facade = stillFacade()
    const own = await serve({ facade })
    const socket = await raw(PROTOCOL, own.wsUrl)
    socket.pong = () => undefined
    const quiet = new WebSocket(own.wsUrl, PROTOCOL, { autoPong: false })
    await once(quiet, 'open')
    facade.clock.advance(12_000)
    await once(quiet, 'ping')
    facade.clock.advance(12_000)
    expect(await closing(quiet)).toBe(1006)
    await own.close()
  })

  it('says goodbye with 1001 when the server leaves', async () => {
    const own = await serve()
    const socket = await raw(PROTOCOL, own.wsUrl)
    const code = closing(socket)
    await own.close()
    expect(await code).toBe(1001)
  })
})

describe('the door', () => {
  it('turns away at the upgrade, at the greeting, and before an operation', async () => {
    const own = await serve({
      door: {
        admit: ({ headers }) =>
          headers.origin === 'https://evil.example' ? { status: 403, reason: 'Forbidden' } : null,
        greet: (_request, { token }) =>
          Promise.resolve(token === 'good' ? { principal: { id: 'me' }, expiresAt: null } : null),
        allow: ({ principal }) =>
          Promise.resolve(principal?.id === 'me' ? new FacadeError('RATE_LIMITED', 'Not so fast.') : null),
      },
    })
    try {
      const evil = new WebSocket(own.wsUrl, 'graphql-transport-ws', { origin: 'https://evil.example' })
      const [error] = (await once(evil, 'error')) as [Error]
      expect(error.message).toContain('403')
      const greeted = (connectionParams: Record<string, unknown>) => {
        const made = createClient({
          url: own.wsUrl,
          webSocketImpl: WebSocket,
          retryAttempts: 0,
          connectionParams,
        })
        clients.push(made)
        return made.iterate({ query: '{ symbols }' }).next()
      }
      await expect(greeted({ token: 'bad' })).rejects.toMatchObject({ code: 4403 })
      await expect(greeted({ token: 'good' })).rejects.toMatchObject([
        { extensions: { code: 'RATE_LIMITED', retryable: true } },
      ])
    } finally {
      await own.close()
    }
  })
})

describe('delivery past graphql-js', () => {
  it('writes to the socket itself, before anything the protocol adds', async () => {
    const ended = Promise.withResolvers<IteratorResult<never>>()
    let owed = ''
    const own = await serve({
      execution: {
        query: () => Promise.resolve(null),
        connect: (socket) => ({
          flush() {
            if (owed !== '')
              socket.write(Buffer.concat([Buffer.from([0x81, owed.length]), Buffer.from(owed)]))
            owed = ''
          },
          deliver(id) {
            owed = JSON.stringify({ id, type: 'next', payload: { data: { quick: true } } })
            const iterator: AsyncIterableIterator<never> = {
              [Symbol.asyncIterator]: () => iterator,
              next: () => ended.promise,
              return: () => Promise.resolve({ done: true, value: undefined }),
            }
            return iterator
          },
        }),
      },
    })
    try {
      const events = client(own.wsUrl).iterate({ query: TRADES })
      const first = events.next()
      await expect.poll(() => owed).not.toBe('')
      ended.resolve({ done: true, value: undefined })
      expect(await first).toEqual({ done: false, value: { data: { quick: true } } })
      expect((await events.next()).done).toBe(true)
    } finally {
      await own.close()
    }
  })
})
