/**
 * One simulated source's door: REST answers and WebSocket upgrades on one local port, with everything a bad
 * network or a bad server does to them. Knows no venue.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { RestFault } from './faults.ts'
import { Link } from './link.ts'
import type { Later } from './link.ts'
import type { Answered, RestSide, Site, StreamSide } from './site.ts'

/** As much of a source as its door must know. */
export type DoorSite = Pick<Site, 'source' | 'faults' | 'counts' | 'now'>
export type DoorStream = Pick<StreamSide, 'paths' | 'opened' | 'heard' | 'closed'>

export interface Door {
  readonly port: number
  readonly links: ReadonlySet<Link>
  readonly close: () => Promise<void>
}

export interface DoorOptions {
  readonly host: string
  readonly site: DoorSite
  readonly rest: RestSide
  readonly stream?: DoorStream
  readonly later: Later
}

export async function openDoor({ host, site, rest, stream, later }: DoorOptions): Promise<Door> {
  const links = new Set<Link>()
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => answer(request, response, { site, rest, later }))
  server.keepAliveTimeout = 30_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: 1_000_000,
  })
  server.on('upgrade', (request, socket, head) => {
    if (stream === undefined || isTurnedAway(request, socket, { site, stream })) return
    upgrader.handleUpgrade(request, socket, head, (client) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local')
      const { source, faults, counts, now } = site
      const link = new Link(client, { source, path: pathname, wire: socket, faults, counts, now, later })
      links.add(link)
      counts.connections++
      counts.open++
      client.on('error', () => {})
      client.on('ping', (data) => link.pong(data))
      client.on('message', (data: Buffer) => stream.heard(link, data.toString('utf8')))
      client.on('close', () => {
        links.delete(link)
        counts.open--
        stream.closed(link)
      })
      stream.opened(link, searchParams)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host, backlog: 1024 }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    links,
    close: async () => {
      for (const link of links) link.socket.terminate()
      for (const socket of sockets) socket.destroy()
      upgrader.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isTurnedAway(
  request: IncomingMessage,
  socket: Duplex,
  { site, stream }: { readonly site: DoorSite; readonly stream: DoorStream },
): boolean {
  const { faults, counts, source } = site
  // A black hole takes the handshake and never answers.
  if (faults.find('blackhole', source) !== undefined) return true
  const refusal = faults.find('refuse', source)
  const { pathname } = new URL(request.url ?? '/', 'http://local')
  if (refusal !== undefined) {
    refusal.applied++
    counts.refused++
    const code = 'code' in refusal.command ? refusal.command.code : undefined
    if (code === undefined) socket.destroy()
    else socket.end(`HTTP/1.1 ${code} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    return true
  }
  if (stream.paths.includes(pathname)) return false
  counts.refused++
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  return true
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { site, rest, later }: { readonly site: DoorSite; readonly rest: RestSide; readonly later: Later },
): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local')
  site.counts.requests[pathname] = (site.counts.requests[pathname] ?? 0) + 1
  const fault = site.faults.rest(site.source, pathname)
  if (fault === undefined) {
    reply(response, rest.answer({ path: pathname, query: searchParams }))
    return
  }
  site.counts.spoiled++
  const good = (): Answered => rest.answer({ path: pathname, query: searchParams })
  spoil(response, { command: fault.command, rest, good, later })
}

function spoil(
  response: ServerResponse,
  {
    command,
    rest,
    good,
    later,
  }: {
    readonly command: RestFault
    readonly rest: RestSide
    readonly good: () => Answered
    readonly later: Later
  },
): void {
  switch (command.kind) {
    case 'status': {
      const status = command.status ?? 500
      const after = command.retryAfterSeconds
      reply(response, {
        status,
        headers: after === undefined ? {} : { 'retry-after': String(after) },
        body: rest.errorBody(status),
      })
      return
    }
    case 'html':
      reply(response, {
        headers: { 'content-type': 'text/html' },
        body: '<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>',
      })
      return
    case 'truncate': {
      const { body, ...rests } = good()
      const text = textOf(body)
      reply(response, { ...rests, body: text.slice(0, Math.floor(text.length / 2)) })
      return
    }
    case 'slowBody':
      trickle(response, { text: textOf(good().body), bytesPerSecond: command.bytesPerSecond ?? 100, later })
      return
    case 'hang':
  }
}

function trickle(
  response: ServerResponse,
  {
    text,
    bytesPerSecond,
    later,
  }: { readonly text: string; readonly bytesPerSecond: number; readonly later: Later },
): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  const step = Math.max(1, Math.ceil(bytesPerSecond / 10))
  const write = (from: number): void => {
    if (response.destroyed) return
    if (from >= text.length) {
      response.end()
      return
    }
    response.write(text.slice(from, from + step))
    later(100, () => write(from + step))
  }
  write(0)
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))

function reply(response: ServerResponse, { status = 200, headers = {}, body }: Answered): void {
  const text = textOf(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
