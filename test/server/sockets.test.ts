import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { trade } from '../support/facade.ts'
import { realClock } from '../support/real-clock.ts'
import { serveProtected } from './protected.ts'
import type { ProtectedOptions, ProtectedServer } from './protected.ts'

const PROTOCOL = 'graphql-transport-ws'
const TRADES = 'subscription { trades(symbols: ["BTC-USD"]) { id } }'

let served: ProtectedServer
const sockets: WebSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await served.stop()
})

async function serve(options: ProtectedOptions = {}): Promise<void> {
  served = await serveProtected(options)
}

/** 101, or the status the upgrade was refused with. */
async function knock(options: ClientOptions = {}): Promise<{ socket: WebSocket; status: number }> {
  const socket = new WebSocket(served.wsUrl, PROTOCOL, options)
  sockets.push(socket)
  socket.on('error', () => undefined)
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101))
    socket.once('unexpected-response', (_request, response) => resolve(response.resume().statusCode ?? 0))
  })
  return { socket, status }
}

const closing = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', resolve))

async function greeted(options: ClientOptions = {}): Promise<WebSocket> {
  const { socket } = await knock(options)
  socket.send('{"type":"connection_init"}')
  await once(socket, 'message')
  return socket
}

const subscribe = (id: string, query = TRADES): string =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } })

const refusals = (reason: string): number => served.protection.counters.refusals.get(reason) ?? 0

describe('R20: a socket that subscribes without end', () => {
  it('runs a hundred, is told so for the rest, and keeps its place', async () => {
    await serve({ env: { SOCKET_MESSAGES_PER_SECOND: '100000' } })
    const socket = await greeted()
    const refused: string[] = []
    socket.on('message', (data) => refused.push(String(data)))
    for (let id = 0; id < 2_000; id++) socket.send(subscribe(String(id)))
    await expect.poll(() => refused.length).toBe(1_900)
    expect(JSON.parse(refused[0] ?? '')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED', limit: 100, retryable: true } }],
    })
    await expect.poll(() => served.facade.topics.trades.readers).toBeGreaterThan(0)
    socket.send('{"type":"complete","id":"0"}')
    socket.send(subscribe('again', '{ symbols }'))
    await expect.poll(() => refused.at(-1)).toContain('"again"')
    expect(refused.some((text) => text.includes('"id":"again"') && text.includes('"next"'))).toBe(true)
  })

  it('is cut off when it goes on, and does not fill the log', async () => {
    await serve()
    const socket = await greeted()
    for (let id = 0; id < 20_000; id++) socket.send(subscribe(String(id)))
    expect(await closing(socket)).toBe(4429)
    await expect.poll(() => served.facade.topics.trades.readers).toBe(0)
    expect(served.lines.length).toBeLessThanOrEqual(10)
    expect((await served.post({ query: '{ symbols }' })).status).toBe(200)
  })
})

describe('R21: sockets that never say who they are', () => {
  it('are all closed, while others are served', async () => {
    await serve({ env: { MAX_SOCKETS_PER_ADDRESS: '500' } })
    const silent = await Promise.all(Array.from({ length: 200 }, () => knock()))
    const codes = Promise.all(silent.map(({ socket }) => closing(socket)))
    expect((await served.post({ query: '{ symbols }' })).status).toBe(200)
    expect(new Set(await codes)).toEqual(new Set([4408]))
  })

  it('are closed on a second greeting, and on ten thousand of them', async () => {
    await serve()
    const { socket } = await knock()
    for (let count = 0; count < 10_000; count++) socket.send('{"type":"connection_init"}')
    expect(await closing(socket)).toBe(4429)
  })
})

describe('R22: more sockets than there is room for', () => {
  it('are refused by address and in all, before the upgrade, and counted', async () => {
    await serve({ env: { MAX_SOCKETS_PER_ADDRESS: '5', MAX_SOCKETS: '8', TRUSTED_PROXIES: '1' } })
    const from = (address: string) => knock({ headers: { 'x-forwarded-for': `203.0.113.99, ${address}` } })
    const statuses: number[] = []
    for (let count = 0; count < 7; count++) statuses.push((await from('198.51.100.1')).status)
    expect(statuses).toEqual([101, 101, 101, 101, 101, 503, 503])
    for (let count = 0; count < 4; count++) statuses.push((await from('198.51.100.2')).status)
    expect(statuses.slice(7)).toEqual([101, 101, 101, 503])
    expect(refusals('sockets')).toBe(3)
    const leaving = sockets[0] as WebSocket
    leaving.close()
    await closing(leaving)
    await expect.poll(async () => (await from('198.51.100.3')).status).toBe(101)
  })
})

describe('R23: a network that breaks for everyone at once', () => {
  it('leaves no subscription behind, and everyone is back', async () => {
    await serve({ env: { MAX_SOCKETS_PER_ADDRESS: '1000' } })
    for (let round = 0; round < 2; round++) {
      const all = await Promise.all(Array.from({ length: 200 }, () => greeted()))
      for (const socket of all) socket.send(subscribe('t'))
      const first = once(all[199] as WebSocket, 'message')
      await expect.poll(() => served.subscriptions()).toBe(200)
      served.facade.topics.trades.publish(trade(round))
      expect(String((await first)[0])).toContain('"next"')
      for (const socket of all) socket.terminate()
      await expect.poll(() => served.subscriptions()).toBe(0)
      await expect.poll(() => served.facade.topics.trades.readers).toBe(0)
    }
  })
})

describe('R25: pages of strangers', () => {
  const HOSTILE = [
    'https://app.example.com.evil.test',
    'https://evil-app.example.com',
    'https://evil.test/app.example.com',
    'https://app.example.com@evil.test',
    'https://evil.test?https://app.example.com',
    'https://evil.test#https://app.example.com',
    'http://app.example.com',
    'https://app.example.com:444',
    'https://app.example.com.',
    'https://APP.example.com',
    'HTTPS://app.example.com',
    'https://sub.app.example.com',
    'https://appXexample.com',
    'https://example.com',
    'https://app.example.com/',
    'null',
    '',
    'file://',
    'http://localhost:3000',
    'http://127.0.0.1.evil.test',
    'chrome-extension://abcdefgh',
    'https://xn--app-example-com.test',
  ]

  it.each(HOSTILE)('are refused at the upgrade and may not read our answers: "%s"', async (origin) => {
    await serve({ env: { ALLOWED_ORIGINS: 'https://app.example.com' } })
    expect((await knock({ headers: { origin } })).status).toBe(403)
    expect(refusals('origin')).toBe(1)
    const answer = await served.post({ query: '{ symbols }' }, { origin })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('are told from those on the list, from our own, and from programs that are no page', async () => {
    await serve({ env: { ALLOWED_ORIGINS: 'https://app.example.com, https://b.example.com:8443' } })
    const own = `http://127.0.0.1:${served.port}`
    for (const origin of ['https://app.example.com', 'https://b.example.com:8443', own]) {
      expect((await knock({ headers: { origin } })).status).toBe(101)
      const answer = await served.post({ query: '{ symbols }' }, { origin })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    }
    expect((await knock()).status).toBe(101)
    const preflight = await fetch(served.url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'content-type',
    ])
  })

  it('on this machine may, where nothing else was said', async () => {
    await serve()
    expect((await knock({ headers: { origin: 'http://localhost:5173' } })).status).toBe(101)
    expect((await knock({ headers: { origin: 'http://localhost.evil.test' } })).status).toBe(403)
  })
})

describe('R26: a socket that never stops talking', () => {
  it.each([
    ['messages', [4429], (socket: WebSocket) => socket.send('{"type":"ping"}')],
    // The WebSocket library ends those by itself when they come faster than it answers.
    ['pings of the wire', [4429, 1006], (socket: WebSocket) => socket.ping()],
    ['pongs nobody asked for', [4429], (socket: WebSocket) => socket.send('{"type":"pong"}')],
  ])('is cut off: %s', async (_what, codes, say) => {
    await serve()
    const [loud, other] = [await greeted(), await greeted()]
    other.send(subscribe('t'))
    await expect.poll(() => served.subscriptions()).toBe(1)
    for (let count = 0; count < 10_000; count++) say(loud)
    expect(codes).toContain(await closing(loud))
    expect(refusals('messages')).toBeLessThanOrEqual(1)
    const heard = once(other, 'message')
    served.facade.topics.trades.publish(trade(1))
    expect(String((await heard)[0])).toContain('9001')
  })

  it('is cut off on its wire when it does not go by itself', async () => {
    await serve({ clock: realClock })
    const { socket } = await knock()
    socket.pause()
    for (let count = 0; count < 2_000; count++) socket.send('{"type":"ping"}')
    await expect.poll(() => served.sockets(), { timeout: 10_000 }).toBe(0)
  })
})

describe('R27: messages in ten thousand pieces', () => {
  it('are not collected', async () => {
    await serve()
    const all = await Promise.all(Array.from({ length: 20 }, () => knock()))
    const codes = Promise.all(all.map(({ socket }) => closing(socket)))
    for (const { socket } of all) {
      for (let piece = 0; piece < 2_000; piece++) socket.send('x', { fin: false })
    }
    expect(new Set(await codes)).toEqual(new Set([1008]))
  })
})

describe('R36: upgrades with too many words', () => {
  const upgrade = (headers: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(served.port, '127.0.0.1')
      let said = ''
      socket.on('data', (data) => (said += data.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(said))
      socket.write(
        `GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`,
      )
      socket.setTimeout(2_000, () => socket.destroy())
    })

  it('end with the socket, not with the server', async () => {
    await serve()
    await upgrade(Array.from({ length: 1_500 }, (_, index) => `a${index}: 1\r\n`).join(''))
    expect(await upgrade(`sec-websocket-protocol: ${'a,'.repeat(16_000)}\r\n`)).toContain('431')
    await upgrade(`sec-websocket-protocol: ${' '.repeat(8_000)}x\r\n`)
    expect((await served.post({ query: '{ symbols }' })).status).toBe(200)
  })
})
