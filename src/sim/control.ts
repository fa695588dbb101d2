/** A small local port to command a running simulation: POST /fault, POST /clear, GET /state, GET /book. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SOURCES, VENUES } from '../domain/market.ts'
import type { Source, Venue } from '../domain/market.ts'
import type { FaultCommand } from './faults.ts'

const LONGEST = 10_000
const KINDS: ReadonlySet<string> = new Set([
  'drop',
  'duplicate',
  'reorder',
  'gap',
  'badChecksum',
  'malformed',
  'disconnect',
  'refuse',
  'silence',
  'blackhole',
  'shutdownNotice',
  'lag',
  'skew',
  'oversized',
  'deflateBomb',
  'fragments',
  'status',
  'hang',
  'html',
  'truncate',
  'slowBody',
  'outlier',
  'quiet',
  'depeg',
])

export interface Controlled {
  readonly fault: (command: FaultCommand) => { readonly applied: number }
  readonly clear: () => void
  readonly state: () => unknown
  readonly book: (
    venue: Venue,
    symbol: string,
  ) => { readonly bids: readonly unknown[]; readonly asks: readonly unknown[] } | null
}

export async function openControl(
  controlled: Controlled,
  host: string,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request, controlled).then(
      ([status, body]) => reply(response, status, body),
      (error: unknown) =>
        reply(response, 400, { error: String(error instanceof Error ? error.message : error) }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  request: IncomingMessage,
  controlled: Controlled,
): Promise<readonly [status: number, body: unknown]> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local')
  switch (`${request.method} ${pathname}`) {
    case 'POST /fault':
      return [200, { applied: controlled.fault(commandOf(await bodyOf(request))).applied }]
    case 'POST /clear':
      controlled.clear()
      return [200, { cleared: true }]
    case 'GET /state':
      return [200, controlled.state()]
    case 'GET /book': {
      const venue = VENUES.find((name) => name === (searchParams.get('venue') ?? '').toUpperCase())
      const book = venue === undefined ? null : controlled.book(venue, searchParams.get('symbol') ?? '')
      const depth = Number(searchParams.get('depth') ?? 20)
      return book === null
        ? [404, { error: 'no such book' }]
        : [200, { bids: book.bids.slice(0, depth), asks: book.asks.slice(0, depth) }]
    }
    default:
      return [404, { error: 'POST /fault, POST /clear, GET /state or GET /book?venue&symbol&depth' }]
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > LONGEST) throw new Error('command too long')
  }
  return text
}

function commandOf(text: string): FaultCommand {
  const command = JSON.parse(text) as { kind?: unknown; source?: unknown }
  if (typeof command !== 'object' || command === null || !KINDS.has(String(command.kind)))
    throw new Error(`kind: one of ${[...KINDS].join(', ')}`)
  if (command.kind === 'depeg') return command as FaultCommand
  const source = SOURCES.find((name): name is Source => name === String(command.source).toUpperCase())
  if (source === undefined) throw new Error(`source: one of ${SOURCES.join(', ')}`)
  return { ...command, source } as FaultCommand
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
