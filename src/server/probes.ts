/** Health for machines: `/healthz` says the process lives, `/readyz` whether it should be sent readers. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Facade } from '../facade/facade.ts'

export interface ProbeParts {
  readonly facade: Facade
  readonly isDraining: () => boolean
}

/** True when the request was a probe and has been answered. */
export type Probes = (request: IncomingMessage, response: ServerResponse) => boolean

export function createProbes({ facade, isDraining }: ProbeParts): Probes {
  return ({ url = '/' }, response) => {
    const path = url.split('?', 1)[0]
    if (path === '/healthz') answer(response, 200, { status: 'ALIVE' })
    else if (path === '/readyz') {
      const status = isDraining() ? 'DRAINING' : facade.health().status
      answer(response, status === 'OK' || status === 'DEGRADED' ? 200 : 503, { status })
    } else return false
    return true
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
