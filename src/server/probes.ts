/** Health for machines: `/healthz` says the process lives, `/readyz` whether it should be sent readers, and why not. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Facade } from '../facade/facade.ts'
import type { Metrics } from './metrics.ts'

export interface ProbeParts {
  readonly facade: Facade
  readonly isDraining: () => boolean
  readonly readiness?: Readiness
  /** Null where `/metrics` is not served. */
  readonly metrics?: Metrics | null
}

/** What it takes to be sent readers. */
export interface Readiness {
  readonly leastLiveVenues: number
  readonly needsStore: boolean
}

/** True when the request was a probe and is being answered. */
export type Probes = (request: IncomingMessage, response: ServerResponse) => boolean

const ANYTHING: Readiness = { leastLiveVenues: 0, needsStore: false }

export function createProbes(parts: ProbeParts): Probes {
  const { facade, isDraining, readiness = ANYTHING, metrics = null } = parts
  return ({ url = '/' }, response) => {
    const path = url.split('?', 1)[0]
    if (path === '/healthz') answer(response, 200, { status: 'ALIVE' })
    else if (path === '/readyz') {
      const reasons = isDraining() ? ['draining'] : reasonsNot(facade, readiness)
      const status = isDraining() ? 'DRAINING' : facade.health().status
      answer(response, reasons.length === 0 ? 200 : 503, {
        status,
        ...(reasons.length === 0 ? {} : { reasons }),
      })
    } else if (path === '/metrics' && metrics !== null) void expose(response, metrics)
    else return false
    return true
  }
}

function reasonsNot(facade: Facade, { leastLiveVenues, needsStore }: Readiness): readonly string[] {
  const { status, sources, cache } = facade.health()
  const live = sources.filter(({ stream }) => stream?.isConnected === true).length
  return [
    ...(status === 'DOWN' ? ['no source answers'] : []),
    ...(live < leastLiveVenues ? [`${live} of at least ${leastLiveVenues} venues live`] : []),
    ...(needsStore && !cache.isConnected ? ['the store is away'] : []),
  ]
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function expose(response: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    const text = await metrics.text()
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
  } catch {
    response.writeHead(500).end()
  }
}
