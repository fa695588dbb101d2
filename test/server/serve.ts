/** A server over a facade that stands still, on a port of its own. */
import { pino } from 'pino'
import type { ServerParts } from '../../src/server/server.ts'
import { startServer } from '../../src/server/server.ts'
import { stillFacade } from '../support/facade.ts'
import type { StillFacade } from '../support/facade.ts'

export async function serve({
  facade = stillFacade(),
  ...parts
}: Partial<Omit<ServerParts, 'facade'>> & { readonly facade?: StillFacade } = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const server = await startServer({
    facade,
    config: { port: 0, host: '127.0.0.1' },
    logger,
    clock: facade.clock,
    ...parts,
  })
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { ...server, facade, lines, post, wsUrl: server.url.replace('http', 'ws') }
}

export type Served = Awaited<ReturnType<typeof serve>>
