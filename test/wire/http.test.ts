/** What a source that limits, bans, breaks, hangs or babbles costs: a reading that says so, and few requests. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport } from '../../src/wire/http.ts'
import type { Transport, TransportOptions } from '../../src/wire/http.ts'
import { reading, unreadable } from '../../src/wire/request.ts'
import type { Request, WireReply } from '../../src/wire/request.ts'
import { TestClock } from '../support/clock.ts'
import { realClock } from '../support/real-clock.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each()
})

/** A source on a local port; what it does can be changed while it runs. */
async function source(answer: Answer) {
  const state = { answer, requests: 0, seen: [] as IncomingMessage[] }
  const server = createServer((request, response) => {
    state.requests += 1
    state.seen.push(request)
    state.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return Object.assign(state, { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` })
}

function transportTo(url: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({
    source: 'KRAKEN',
    endpoints: { rest_url: `${url}/0/public`, futures_rest_url: `${url}/derivatives` },
    clock: realClock,
    budget: { unitsPerMinute: 100_000 },
    circuit: { failureThreshold: 5, recoveryTimeoutMs: 60_000, halfOpenRequests: 3 },
    ...options,
  })
  undo.push(() => transport.close())
  return transport
}

const says =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

const price = says(200, '{"price":"64213.10"}')

const ask: Request<string> = {
  host: 'rest',
  path: '/Ticker?pair=XBTUSD',
  weight: 1,
  read(reply: WireReply) {
    if (reply.body.includes('Unknown pair')) return unreadable('NOT_LISTED', reply.body)
    try {
      return reading((JSON.parse(reply.body) as { price: string }).price)
    } catch {
      return unreadable('MALFORMED', 'not JSON')
    }
  },
}
const askFutures: Request<string> = { ...ask, host: 'futures' }

const reasonOf = async (transport: Transport, request = ask) => {
  const result = await transport.send(request)
  return result.ok ? 'OK' : result.failure.reason
}

describe('an answer', () => {
  it('comes from the configured base URL, with our name on the question', async () => {
    const kraken = await source(price)
    expect(await transportTo(kraken.url).send(ask)).toEqual({ ok: true, value: '64213.10' })
    expect(kraken.seen[0]?.url).toBe('/0/public/Ticker?pair=XBTUSD')
    expect(kraken.seen[0]?.headers['user-agent']).toContain('cryptorun-facade')
  })

  it('uses open connections again', async () => {
    const kraken = await source(price)
    const transport = transportTo(kraken.url)
    for (let count = 0; count < 20; count++) await transport.send(ask)
    expect(new Set(kraken.seen.map(({ socket }) => socket.remotePort)).size).toBeLessThan(5)
  })
})

describe('a source in trouble', () => {
  const hang: Answer = () => {}
  const slowBody: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    const drip = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(drip))
  }
  const cutBody: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"price":"64')
    setTimeout(() => response.destroy(), 5)
  }
  const troubles: readonly (readonly [string, Answer, string])[] = [
    ['answers 500', says(500, 'oops'), 'UNAVAILABLE'],
    ['answers 503 with a page', says(503, '<html>Service Unavailable</html>'), 'UNAVAILABLE'],
    ['answers HTML with status 200', says(200, '<html>maintenance</html>'), 'MALFORMED'],
    ['answers truncated JSON', says(200, '{"price":"64213'), 'MALFORMED'],
    ['never answers', hang, 'UNAVAILABLE'],
    ['drips its answer', slowBody, 'UNAVAILABLE'],
    ['hangs up half way', cutBody, 'UNAVAILABLE'],
    ['hangs up at once', (request) => request.socket.destroy(), 'UNAVAILABLE'],
    ['sends us elsewhere', says(302, '', { location: 'http://127.0.0.1:1/' }), 'UNAVAILABLE'],
    ['limits us without saying for how long', says(429, ''), 'RATE_LIMITED'],
  ]

  it.each(troubles)('that %s is asked five times and then left alone', async (_, trouble, reason) => {
    const kraken = await source(trouble)
    const transport = transportTo(kraken.url, { timeoutMs: 60 })
    for (let count = 0; count < 5; count++) expect(await reasonOf(transport)).toBe(reason)
    for (let count = 0; count < 20; count++) expect(await reasonOf(transport)).toBe('CIRCUIT_OPEN')
    expect(kraken.requests).toBe(5)
    expect(transport.circuit()).toMatchObject({ state: 'OPEN', consecutiveFailures: 5 })
    expect(transport.counts()).toMatchObject({ requests: 5, errors: 25 })
  })

  it('that refuses connections is a reading too', async () => {
    expect(await reasonOf(transportTo('http://127.0.0.1:1'))).toBe('UNAVAILABLE')
  })

  it('that sends more than any answer needs is cut off', async () => {
    const kraken = await source((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x20)
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.writeHead(200).on('drain', pour)
      pour()
    })
    expect(await reasonOf(transportTo(kraken.url))).toBe('UNAVAILABLE')
  })

  it('does not close its futures host with its spot host', async () => {
    const kraken = await source((request, response) =>
      (request.url?.startsWith('/derivatives') ? price : says(500, ''))(request, response),
    )
    const transport = transportTo(kraken.url)
    for (let count = 0; count < 6; count++) await transport.send(ask)
    expect(await reasonOf(transport)).toBe('CIRCUIT_OPEN')
    expect(await reasonOf(transport, askFutures)).toBe('OK')
  })

  it('that merely does not list a market stays in good health', async () => {
    const kraken = await source(says(400, '{"error":["EQuery:Unknown pair"]}'))
    const transport = transportTo(kraken.url)
    for (let count = 0; count < 10; count++) expect(await reasonOf(transport)).toBe('NOT_LISTED')
    expect(transport.circuit()).toEqual({ state: 'CLOSED', consecutiveFailures: 0, retryAt: null })
  })

  it('whose adapter throws is malformed, not our crash', async () => {
    const kraken = await source(price)
    const broken: Request<string> = {
      ...ask,
      read() {
        throw new TypeError('no such member')
      },
    }
    expect(await reasonOf(transportTo(kraken.url), broken)).toBe('MALFORMED')
  })

  it('is not blamed for a question its asker gave up', async () => {
    const kraken = await source(hang)
    const transport = transportTo(kraken.url)
    for (let count = 0; count < 6; count++) {
      const gone = new AbortController()
      setTimeout(() => gone.abort(), 10)
      await transport.send(ask, { signal: gone.signal })
    }
    expect(transport.circuit()).toMatchObject({ state: 'CLOSED', consecutiveFailures: 0 })
  })
})

describe('a circuit that opened', () => {
  async function opened() {
    const clock = new TestClock()
    const kraken = await source(says(500, ''))
    const transport = transportTo(kraken.url, { clock })
    for (let count = 0; count < 5; count++) await transport.send(ask)
    return { clock, kraken, transport }
  }

  it('says when it will try again, and asks nothing until then', async () => {
    const { clock, kraken, transport } = await opened()
    expect(transport.circuit()).toMatchObject({ state: 'OPEN', retryAt: clock.now() + 60_000 })
    clock.advance(59_999)
    const result = await transport.send(ask)
    expect(result).toMatchObject({ ok: false, failure: { reason: 'CIRCUIT_OPEN', retryAfterMs: 1 } })
    expect(kraken.requests).toBe(5)
  })

  it('lets exactly three try, and closes when all three succeed', async () => {
    const { clock, kraken, transport } = await opened()
    clock.advance(60_000)
    expect(transport.circuit().state).toBe('HALF_OPEN')
    const release: (() => void)[] = []
    kraken.answer = (request, response) => release.push(() => price(request, response))
    const sent = Array.from({ length: 10 }, () => reasonOf(transport))
    while (release.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const each of release) each()
    expect((await Promise.all(sent)).sort()).toEqual([...Array(7).fill('CIRCUIT_OPEN'), 'OK', 'OK', 'OK'])
    expect(kraken.requests).toBe(8)
    expect(transport.circuit()).toEqual({ state: 'CLOSED', consecutiveFailures: 0, retryAt: null })
  })

  it('opens again for the whole time when one trial fails', async () => {
    const { clock, kraken, transport } = await opened()
    clock.advance(60_000)
    kraken.answer = price
    expect(await reasonOf(transport)).toBe('OK')
    kraken.answer = says(500, '')
    expect(await reasonOf(transport)).toBe('UNAVAILABLE')
    expect(await reasonOf(transport)).toBe('CIRCUIT_OPEN')
    expect(transport.circuit()).toMatchObject({ state: 'OPEN', retryAt: clock.now() + 60_000 })
    expect(kraken.requests).toBe(7)
  })
})

describe('a source that names a time to ask again', () => {
  it.each([429, 418])('with %i is not asked before it', async (status) => {
    const clock = new TestClock()
    const kraken = await source(says(status, '', { 'retry-after': '30' }))
    const transport = transportTo(kraken.url, { clock })
    expect(await transport.send(ask)).toMatchObject({
      failure: { reason: 'RATE_LIMITED', retryAfterMs: 30_000 },
    })
    expect(transport.quota()).toEqual({ remaining: 0, resetAt: clock.now() + 30_000 })
    kraken.answer = price
    clock.advance(29_000)
    expect(await reasonOf(transport)).toBe('RATE_LIMITED')
    expect(kraken.requests).toBe(1)
    clock.advance(1000)
    expect(await reasonOf(transport)).toBe('OK')
  })

  it('understands a date as well as seconds', async () => {
    const clock = new TestClock()
    const date = new Date(clock.now() + 45_000).toUTCString()
    const kraken = await source(says(429, '', { 'retry-after': date }))
    const transport = transportTo(kraken.url, { clock })
    await transport.send(ask)
    kraken.answer = price
    clock.advance(43_000)
    expect(await reasonOf(transport)).toBe('RATE_LIMITED')
    clock.advance(2000)
    expect(await reasonOf(transport)).toBe('OK')
  })

  it('is left alone for two minutes after a ban that names none', async () => {
    const clock = new TestClock()
    const kraken = await source(says(418, ''))
    const transport = transportTo(kraken.url, { clock })
    await transport.send(ask)
    clock.advance(119_000)
    expect(await reasonOf(transport)).toBe('RATE_LIMITED')
    expect(kraken.requests).toBe(1)
  })
})
