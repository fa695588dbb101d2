/**
 * The gate for HTTP: before a request reaches GraphQL it is clear that we have time for it, who asks, and that
 * they have not asked too much. Hides how a request is turned away in the words of GraphQL.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../domain/clock.ts'
import { FacadeError } from '../domain/errors.ts'
import type { Settings } from '../environment.ts'
import { presentError } from '../graphql/errors.ts'
import type { Principal } from '../graphql/schema.ts'
import { addressOf } from './address.ts'
import { credentialsOf } from './auth.ts'
import type { Auth } from './auth.ts'
import { countIn } from './counters.ts'
import type { Counters } from './counters.ts'
import { tooMany } from './door.ts'
import { isPage } from './graphiql.ts'
import type { Lag } from './lag.ts'
import type { Origins } from './origins.ts'
import { rateHeaders } from './rates.ts'
import type { Rate, Rates } from './rates.ts'

export interface Gate {
  /** Who asks. Refused and answered already: undefined. */
  admit(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<Principal | null | undefined>
  /** `POST /token`: a short-lived token for whoever holds a key. */
  token(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>
}

export interface GateParts {
  readonly settings: Pick<Settings, 'proxies' | 'shedLagMs'>
  readonly auth: Auth
  readonly origins: Origins
  readonly rates: Rates
  readonly lag: Lag
  readonly clock: Clock
  readonly counters: Counters
}

/** Overload passes quickly or not at all. */
const SHED_FOR_SECONDS = 1

export function createGate(parts: GateParts): Gate {
  const { settings, auth, origins, rates, lag, clock, counters } = parts

  const overloaded = (why: Turning): boolean => {
    if (lag.standing() <= settings.shedLagMs) return false
    const retryAt = clock.now() + SHED_FOR_SECONDS * 1000
    const error = new FacadeError('RATE_LIMITED', 'Too busy for new requests just now.', { retryAt })
    turnAway(why, { status: 503, error, headers: { 'retry-after': String(SHED_FOR_SECONDS) } })
    countIn(counters.refusals, 'overload')
    return true
  }
  const rated = async (why: Turning, principalId: string | null): Promise<boolean> => {
    const rate = await rates.take(addressOf(why.request, settings.proxies), principalId)
    if (rate === null) return true
    setHeaders(why.response, rateHeaders(rate))
    if (rate.isAllowed) return true
    countIn(counters.refusals, 'rate')
    turnAway(why, { status: 429, error: rateError(rate, clock) })
    return false
  }
  const unknown = (why: Turning): void => {
    countIn(counters.refusals, 'credentials')
    const error = new FacadeError(
      'UNAUTHENTICATED',
      'Send a key as `x-api-key`, or a token as `Authorization: Bearer`.',
    )
    turnAway(why, { status: 401, error, headers: { 'www-authenticate': 'Bearer' } })
  }

  return {
    async admit(request, response, requestId) {
      const why = { request, response, requestId }
      if (introduced(origins, request, response)) return undefined
      if (overloaded(why)) return undefined
      // The page for people holds no data; what it asks then comes with credentials.
      const identity = isPage(request) ? NOBODY : await auth.identify(credentialsOf(request.headers))
      if (!(await rated(why, identity?.principal?.id ?? null))) return undefined
      if (identity !== null) return identity.principal
      unknown(why)
      return undefined
    },
    async token(request, response, requestId) {
      const why = { request, response, requestId }
      if (introduced(origins, request, response)) return
      if (auth.isOpen) return void response.writeHead(404).end()
      if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
      if (overloaded(why) || !(await rated(why, null))) return
      const minted = await auth.mint(credentialsOf(request.headers))
      if (minted === null) return unknown(why)
      const expiresAt = new Date(minted.expiresAt).toISOString()
      answerJson(response, 200, { token: minted.token, expiresAt })
    },
  }
}

const NOBODY = { principal: null, expiresAt: null }

const rateError = ({ limit, resetMs }: Rate, clock: Clock): FacadeError =>
  tooMany(limit, clock.now() + resetMs)

/** Says who may read the answer; true when that is all that was asked. */
function introduced(
  origins: Origins,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
): boolean {
  setHeaders(response, origins.answerHeaders(headers) ?? {})
  if (method !== 'OPTIONS') return false
  response.writeHead(204, { allow: 'GET, POST' }).end()
  return true
}

interface Turning {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
}

interface Answer {
  readonly status: number
  readonly error: FacadeError
  readonly headers?: Readonly<Record<string, string>>
}

function turnAway({ request, response, requestId }: Turning, { status, error, headers = {} }: Answer): void {
  const presented = presentError(error, { requestId, isHttp: false, report: () => undefined })
  const speaksGraphql = request.headers.accept?.includes('application/graphql-response+json') ?? false
  setHeaders(response, headers)
  const type = speaksGraphql ? 'application/graphql-response+json' : 'application/json'
  answerJson(response, status, { errors: [presented.toJSON()] }, type)
}

function answerJson(response: ServerResponse, status: number, body: object, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}
