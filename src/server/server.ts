/** The one port: GraphQL over HTTP and WebSocket at `/graphql`, and the probes. Hides node:http. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GraphQLSchema } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Facade } from '../facade/facade.ts'
import { buildSchema, createContext } from '../graphql/schema.ts'
import { InFlight, leave } from './lifecycle.ts'
import { createProbes } from './probes.ts'
import type { Execution } from './quick.ts'
import { answerQuickly, isQuick } from './quick-http.ts'
import { createWebsocket, refuseUpgrade } from './websocket.ts'
import type { Door } from './websocket.ts'
import { ENDPOINT, createHttp } from './yoga.ts'
import type { Yoga } from './yoga.ts'

export interface ServerParts {
  readonly facade: Facade
  readonly config: Pick<Config, 'port' | 'host'>
  readonly logger: Logger
  readonly clock: Clock
  readonly schema?: GraphQLSchema
  /** Faster ways to answer than graphql-js. */
  readonly execution?: Execution
  /** Further rules, over HTTP and WebSocket alike. */
  readonly plugins?: readonly Plugin[]
  readonly door?: Door
  readonly hasGraphiql?: boolean
}

export interface RunningServer {
  /** `http://127.0.0.1:4000/graphql` */
  readonly url: string
  readonly port: number
  /** Drains, for `withinMs` at most (5 s), and resolves when nobody is connected any more. */
  close(withinMs?: number): Promise<void>
}

const DRAIN_MS = 5_000
/** More than Node's 511, so that a thousand readers reconnecting at once are not turned away. */
const BACKLOG = 4_096

export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const {
    facade,
    config,
    logger,
    clock,
    schema = buildSchema(),
    execution = null,
    plugins = [],
    door = {},
    hasGraphiql = true,
  } = parts
  const inFlight = new InFlight()
  let isDraining = false
  const yoga = createHttp({ schema, facade, logger, execution, plugins, hasGraphiql })
  const websocket = createWebsocket({ yoga, logger, clock, execution, door })
  const answerProbe = createProbes({ facade, isDraining: () => isDraining })

  // Short limits, so that peers who never finish their headers do not hold connections.
  const server = createServer({
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
  })
  server.on('request', (request, response) => {
    if (answerProbe(request, response)) return
    if (pathOf(request) !== ENDPOINT) return void response.writeHead(404).end()
    inFlight.begin()
    response.once('close', () => inFlight.end())
    answer({ yoga, facade, execution }, request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    if (isDraining) refuseUpgrade(socket, { status: 503, reason: 'Service Unavailable' })
    else if (pathOf(request) !== ENDPOINT) refuseUpgrade(socket, { status: 404, reason: 'Not Found' })
    else websocket.upgrade(request, socket, head)
  })
  const port = await listen(server, config)
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return {
    url: `http://${host}:${port}${ENDPOINT}`,
    port,
    close(withinMs = DRAIN_MS) {
      isDraining = true
      return leave({ server, websocket, clock, inFlight, withinMs })
    },
  }
}

interface Answering {
  readonly yoga: Yoga
  readonly facade: Facade
  readonly execution: Execution | null
}

function answer(
  { yoga, facade, execution }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const requestId = requestIdOf(request)
  response.setHeader('x-request-id', requestId)
  const theLongWay = (): void => void yoga(request, response, { requestId, principal: null })
  if (execution === null || !isQuick(request)) return theLongWay()
  const contextOf = (signal: AbortSignal) => createContext({ facade, requestId, principal: null, signal })
  void answerQuickly(request, response, { execution, contextOf }).then((isAnswered) => {
    if (!isAnswered) theLongWay()
  })
}

/** The caller's own id where it is harmless, so that its log and ours can be laid side by side. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID()
}

const pathOf = ({ url = '/' }: IncomingMessage): string | undefined => url.split('?', 1)[0]

function listen(server: Server, { port, host }: Pick<Config, 'port' | 'host'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
