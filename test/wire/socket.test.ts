import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { backoffMs, ConnectGate } from '../../src/wire/backoff.ts'
import { openLink, type Connection, type Down, type Link, type LinkNumbers } from '../../src/wire/socket.ts'
import type { Clock } from '../../src/domain/clock.ts'
import { TestClock } from '../support/clock.ts'

/** Sockets are real here, and so is the time they take; only waits of ours are short. */
const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
}

const LIMITS: LinkNumbers = {
  silenceMs: 60_000,
  lifetimeMs: null,
  sendsPerSecond: 1_000,
  connectsPerMinute: 10_000,
  maxFrameBytes: 1_000,
}

interface Venue {
  readonly url: string
  readonly sockets: WebSocket[]
  readonly heard: string[]
  readonly codes: number[]
  close(): Promise<void>
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

const venueOn = async (port = 0): Promise<Venue> => {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const venue = { sockets: [] as WebSocket[], heard: [] as string[], codes: [] as number[] }
  server.on('connection', (socket) => {
    venue.sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('message', (data) => venue.heard.push(String(data)))
    socket.on('close', (code) => venue.codes.push(code))
  })
  const address = server.address()
  const close = (): Promise<void> => {
    for (const socket of server.clients) socket.terminate()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  cleanUps.push(close)
  return { ...venue, url: `ws://127.0.0.1:${typeof address === 'object' ? address!.port : 0}`, close }
}

const follow = (url: string, limits: Partial<LinkNumbers> = {}, time: Clock = clock) => {
  const seen = {
    opens: [] as Connection[],
    frames: [] as string[],
    downs: [] as Down[],
    failures: [] as Down[],
    retired: [] as (Down | null)[],
  }
  const link: Link = openLink({
    url,
    clock: time,
    random: () => 0.5,
    limits: { ...LIMITS, ...limits },
    onOpen: (connection) => void seen.opens.push(connection),
    onFrame: (frame, _receivedAt, connection) => void seen.frames.push(`${connection.id}:${frame}`),
    onDown: (down) => void seen.downs.push(down),
    onRetired: (_connection, down) => void seen.retired.push(down),
    onFailure: (down) => void seen.failures.push(down),
  })
  cleanUps.push(() => link.close())
  return { link, ...seen }
}

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Everything sent before has arrived: a ping of the venue's has gone there and come back. */
const answered = (connection: Connection, venue: Venue): Promise<void> => {
  expect(connection.isOpen).toBe(true)
  const socket = venue.sockets.at(-1)!
  return new Promise((resolve) => {
    socket.once('pong', () => resolve())
    socket.ping()
  })
}

describe('a link', () => {
  it('delivers frames, and comes back by itself when the venue hangs up', async () => {
    const venue = await venueOn()
    const { link, opens, frames, downs } = follow(venue.url)
    await until(() => opens.length === 1)
    venue.sockets[0]!.send('one')
    await until(() => frames.length === 1)
    venue.sockets[0]!.close(1012, 'restarting')
    await until(() => downs.length === 1)
    expect(link.isConnected).toBe(false)
    expect(downs[0]).toMatchObject({ kind: 'closed', code: 1012 })
    await until(() => opens.length === 2)
    venue.sockets[1]!.send('two')
    await until(() => frames.length === 2)
    expect(frames).toEqual(['1:one', '2:two'])
    expect(link.reconnects).toBe(1)
  })

  it('keeps trying while everything refuses, and never throws', async () => {
    const venue = await venueOn()
    await venue.close()
    const { link, failures, downs, opens } = follow(venue.url)
    await until(() => failures.length >= 3)
    expect(failures[0]!.kind).toBe('refused')
    expect(downs).toHaveLength(0)
    const back = await venueOn(Number(new URL(venue.url).port))
    await until(() => opens.length === 1)
    expect(link.isConnected).toBe(true)
    expect(back.sockets).toHaveLength(1)
  })

  it('takes a name that does not resolve, and a URL that is none, for a refusal', async () => {
    const unknown = follow('ws://venue.invalid')
    const nonsense = follow('nonsense')
    await until(() => unknown.failures.length > 0 && nonsense.failures.length > 0)
    expect([unknown.failures[0]!.kind, nonsense.failures[0]!.kind]).toEqual(['refused', 'refused'])
  })

  it('replaces a socket on which nothing comes any more, though it was never closed', async () => {
    const venue = await venueOn()
    const { downs, opens } = follow(venue.url, { silenceMs: 120 })
    await until(() => opens.length === 1)
    await until(() => downs.length === 1)
    expect(downs[0]!.kind).toBe('silent')
    await until(() => opens.length === 2)
  })

  it('asks for a sign of life in the words of the venue, and is content with it', async () => {
    const venue = await venueOn()
    const { downs, opens } = follow(venue.url, { silenceMs: 400, keepalive: { everyMs: 60, frame: 'ping' } })
    await until(() => opens.length === 1)
    venue.sockets[0]!.on('message', () => venue.sockets[0]!.send('pong'))
    await until(() => venue.heard.length >= 8)
    expect(new Set(venue.heard)).toEqual(new Set(['ping']))
    expect(downs).toHaveLength(0)
  })

  it('opens the next socket before it closes the old one, and hears both meanwhile', async () => {
    const venue = await venueOn()
    const { link, opens, frames, downs, retired } = follow(venue.url)
    await until(() => opens.length === 1)
    link.replace()
    await until(() => opens.length === 2)
    for (const socket of venue.sockets) socket.send('both')
    await until(() => frames.length === 2)
    expect(frames.toSorted()).toEqual(['1:both', '2:both'])
    opens[1]!.ready()
    await until(() => venue.codes.length === 1)
    expect(retired).toEqual([null])
    expect(downs).toHaveLength(0)
    expect(link.connection?.id).toBe(2)
  })

  it('moves on before the lifetime the venue names is over', async () => {
    const venue = await venueOn()
    const turned = new TestClock()
    const { opens, downs } = follow(venue.url, { lifetimeMs: 50_000 }, turned)
    await until(() => opens.length === 1)
    turned.advance(50_000 * 0.89)
    expect(venue.sockets).toHaveLength(1)
    turned.advance(50_000 * 0.06)
    await until(() => opens.length === 2)
    expect(opens[0]!.isOpen).toBe(true)
    opens[1]!.ready()
    expect(opens[0]!.isOpen).toBe(false)
    expect(downs).toHaveLength(0)
  })

  it('carries on with the successor when the old socket dies during the move', async () => {
    const venue = await venueOn()
    const { link, opens, downs, retired } = follow(venue.url)
    await until(() => opens.length === 1)
    link.replace()
    await until(() => opens.length === 2)
    venue.sockets[0]!.terminate()
    await until(() => retired.length === 1)
    expect(retired[0]?.kind).toBe('closed')
    expect(downs).toHaveLength(0)
    expect(link.isConnected).toBe(true)
    expect(link.attempts).toBe(2)
  })

  it('closes on a frame beyond the limit with 1009, and names it', async () => {
    const venue = await venueOn()
    const { downs, opens } = follow(venue.url)
    await until(() => opens.length === 1)
    venue.sockets[0]!.send('x'.repeat(100_000))
    await until(() => downs.length === 1 && venue.codes.length === 1)
    expect(downs[0]).toMatchObject({ kind: 'oversized', code: 1009 })
    expect(venue.codes).toEqual([1009])
  })

  it('closes on a message in too many pieces with 1008, and names it', async () => {
    const venue = await venueOn()
    const { downs, opens } = follow(venue.url, { maxFrameBytes: 1_000_000 })
    await until(() => opens.length === 1)
    for (let at = 0; at < 3_000; at++) venue.sockets[0]!.send('x', { fin: false })
    await until(() => downs.length === 1)
    expect(downs[0]).toMatchObject({ kind: 'fragmented', code: 1008 })
  })

  it('sends no faster than the venue takes it, and in order', async () => {
    const venue = await venueOn()
    const turned = new TestClock()
    const { opens } = follow(venue.url, { sendsPerSecond: 5 }, turned)
    await until(() => opens.length === 1)
    for (let at = 0; at < 6; at++) opens[0]!.send(String(at))
    for (let sent = 1; sent <= 6; sent++) {
      await until(() => venue.heard.length === sent)
      turned.advance(199)
      // A frame sent too early would be here before the answer to this ping.
      await answered(opens[0]!, venue)
      expect(venue.heard).toHaveLength(sent)
      turned.advance(1)
    }
    expect(venue.heard).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('gives up on a peer that takes the connection and never answers, and frees everything on close', async () => {
    const holes: Socket[] = []
    const server: Server = createServer((socket) => void holes.push(socket.resume()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)))
    const address = server.address()
    const turned = new TestClock()
    const failures: Down[] = []
    const link = openLink({
      url: `ws://127.0.0.1:${typeof address === 'object' ? address!.port : 0}`,
      clock: turned,
      random: () => 0.5,
      limits: LIMITS,
      onOpen: () => undefined,
      onFrame: () => undefined,
      onDown: () => undefined,
      onFailure: (down) => void failures.push(down),
    })
    await until(() => holes.length === 1)
    turned.advance(4_000)
    expect(failures).toMatchObject([{ kind: 'refused' }])
    turned.advance(1_000)
    await until(() => holes.length === 2)
    link.close()
    expect(turned.pendingTimers).toBe(0)
    await until(() => holes.every((hole) => hole.destroyed))
  })
})

describe('trying again', () => {
  it('costs a venue that refuses for ten minutes at most eighty attempts, and finds it within ten seconds', () => {
    let state = 7
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 2 ** 31
    }
    for (let run = 0; run < 200; run++) {
      let elapsed = 0
      let attempts = 1
      while (elapsed < 600_000) {
        const waitMs = backoffMs(attempts, random())
        expect(waitMs).toBeLessThanOrEqual(10_000)
        elapsed += waitMs
        attempts += 1
      }
      expect(attempts).toBeLessThanOrEqual(80)
    }
  })

  it('never exceeds the attempts a minute a venue bears, over all links that share the gate', () => {
    const turned = new TestClock()
    const gate = new ConnectGate(turned, 3)
    const at = Array.from({ length: 7 }, () => gate.reserve(0))
    expect(at).toEqual([0, 0, 0, 60_000, 60_000, 60_000, 120_000])
    turned.advance(60_000)
    expect(gate.reserve(0)).toBe(60_000)
  })
})
