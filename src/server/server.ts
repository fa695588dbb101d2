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
import { countIn } from './counters.ts'
import { Deadline, timely } from './deadline.ts'
import type { Door } from './door.ts'
import { isPage, sendPage } from './graphiql.ts'
import { InFlight, leave } from './lifecycle.ts'
import { createMetrics } from './metrics.ts'
import type { Delivery, SourceCounts } from './metrics.ts'
import { createProbes } from './probes.ts'
import type { Protection } from './protection.ts'
import type { Execution } from './quick.ts'
import { answerQuickly, isQuick } from './quick-http.ts'
import { createWebsocket, refuseUpgrade } from './websocket.ts'
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
  /** Without it everyone may ask anything: for tests and benchmarks. */
  readonly protection?: Protection | null
  /** In place of the protection's own. */
  readonly door?: Door
  readonly hasGraphiql?: boolean
  /** For `/metrics`: what the fan-out and the transports count. */
  readonly delivery?: Delivery | null
  readonly sourceCounts?: () => SourceCounts
}

export interface RunningServer {
  /** `http://127.0.0.1:4000/graphql` */
  readonly url: string
  readonly port: number
  /** Drains, for `withinMs` at most (5 s), and resolves when nobody is connected any more. */
  close(withinMs?: number): Promise<void>
}

const DRAIN_MS = 5_000
const OPERATION_MS = 10_000
const TOKEN_ENDPOINT = '/token'
/** More than Node's 511, so that a thousand readers reconnecting at once are not turned away. */
const BACKLOG = 4_096

export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { facade, config, logger, clock, schema = buildSchema(), execution = null, protection = null } = parts
  const plugins = [...(protection?.plugins ?? []), ...(parts.plugins ?? [])]
  const hasGraphiql = parts.hasGraphiql ?? protection?.hasGraphiql ?? true
  const door = parts.door ?? protection?.door ?? {}
  const rules = protection?.rules ?? null
  const inFlight = new InFlight()
  let isDraining = false
  const newDeadline = deadlines(clock, protection)
  const yoga = createHttp({ schema, facade, logger, newDeadline, execution, plugins })
  const tracer = protection?.tracer ?? null
  const websocket = createWebsocket({ yoga, logger, clock, newDeadline, execution, door, rules, tracer })
  const answerProbe = createProbes({
    facade,
    isDraining: () => isDraining,
    ...(protection === null ? {} : { readiness: protection.readiness }),
    metrics: protection?.hasMetrics ? metricsOf(parts, protection, () => websocket.size) : null,
  })

  // Short limits, so that peers who never finish their headers do not hold connections.
  const server = createServer({
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
  })
  const answering = { yoga, facade, newDeadline, execution, protection, hasGraphiql }
  server.on('request', (request, response) => {
    if (answerProbe(request, response)) return
    const path = pathOf(request)
    const isToken = protection !== null && path === TOKEN_ENDPOINT
    if (path !== ENDPOINT && !isToken) return void response.writeHead(404).end()
    inFlight.begin()
    response.once('close', () => {
      inFlight.end()
      if (protection !== null) countIn(protection.counters.answers, response.statusCode)
    })
    const answered = isToken
      ? protection.gate.token(request, response, requestIdOf(request))
      : answer(answering, request, response)
    answered.catch((error: unknown) => {
      logger.error({ err: error }, 'a request could not be answered')
      response.destroy()
    })
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

function metricsOf(
  { facade, delivery = null, sourceCounts }: ServerParts,
  { counters, lag, tracer }: Protection,
  sockets: () => number,
) {
  return createMetrics({
    facade,
    counters,
    lag,
    sockets,
    delivery,
    spans: tracer?.counts ?? null,
    ...(sourceCounts === undefined ? {} : { sources: sourceCounts }),
  })
}

function deadlines(clock: Clock, protection: Protection | null): () => Deadline {
  const onLate = (): void => {
    if (protection !== null) countIn(protection.counters.refusals, 'deadline')
  }
  const withinMs = protection?.operationMs ?? OPERATION_MS
  return () => new Deadline({ clock, withinMs, onLate })
}

interface Answering {
  readonly yoga: Yoga
  readonly facade: Facade
  readonly newDeadline: () => Deadline
  readonly execution: Execution | null
  readonly protection: Protection | null
  readonly hasGraphiql: boolean
}

async function answer(
  { yoga, facade, newDeadline, execution, protection, hasGraphiql }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = requestIdOf(request)
  response.setHeader('x-request-id', requestId)
  traced(protection, request, response, requestId)
  const principal = protection === null ? null : await protection.gate.admit(request, response, requestId)
  if (principal === undefined) return
  if (hasGraphiql && isPage(request)) return sendPage(request, response)
  if (execution !== null && isQuick(request)) {
    const contextOf = (deadline: Deadline) =>
      createContext({ facade: timely(facade, deadline), requestId, principal, signal: deadline.signal })
    if (await answerQuickly(request, response, { execution, deadline: newDeadline(), contextOf })) return
  }
  await yoga(request, response, { requestId, principal })
}

function traced(
  protection: Protection | null,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): void {
  if (!protection?.tracer) return
  const facts = { 'http.request.method': request.method ?? '', 'url.path': ENDPOINT, request_id: requestId }
  const parent = request.headers['traceparent']
  const span = protection.tracer.start(
    `${request.method ?? ''} ${ENDPOINT}`,
    facts,
    typeof parent === 'string' ? parent : undefined,
  )
  response.once('close', () =>
    span.end({ 'http.response.status_code': response.statusCode }, response.statusCode >= 500),
  )
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
