/** A server with everything between it and strangers, set up by environment variables as an operator would. */
import { pino } from 'pino'
import type { Clock } from '../../src/domain/clock.ts'
import { readEnvironment } from '../../src/environment.ts'
import type { Environment } from '../../src/environment.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { createDocuments } from '../../src/server/documents.ts'
import { createExecution } from '../../src/server/execution.ts'
import { createProtection } from '../../src/server/protection.ts'
import { quietRepeats } from '../../src/server/quiet-log.ts'
import { useDocuments } from '../../src/server/rules.ts'
import { startServer } from '../../src/server/server.ts'
import { stillFacade } from '../support/facade.ts'
import type { StillFacade } from '../support/facade.ts'

export interface ProtectedOptions {
  readonly env?: Environment
  readonly facade?: StillFacade
  readonly clock?: Clock
  /** False: graphql-js alone answers. */
  readonly isQuick?: boolean
}

const schema = buildSchema()

export async function serveProtected({
  env = {},
  facade = stillFacade(),
  clock = facade.clock,
  isQuick = true,
}: ProtectedOptions = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'info', hooks: quietRepeats(clock) },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  const settings = readEnvironment({
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_PRINCIPAL_PER_MINUTE: '0',
    ...env,
  })
  const protection = createProtection({ settings, schema, clock, logger })
  const { guard } = protection.rules
  const documents = createDocuments({ schema, guard })
  const execution = createExecution({ schema, documents, clock, guard, onServed: () => undefined })
  const server = await startServer({
    facade,
    config: { port: 0, host: '127.0.0.1' },
    logger,
    clock,
    schema,
    protection,
    plugins: [useDocuments(documents)],
    delivery: execution.fanout,
    ...(isQuick ? { execution } : {}),
  })
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const at = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init)
  return {
    ...server,
    facade,
    lines,
    post,
    at,
    documents,
    protection,
    wsUrl: server.url.replace('http', 'ws'),
    subscriptions: () => execution.fanout.readers(),
    sockets: async () => Number(/^facade_sockets (\d+)$/m.exec(await (await at('/metrics')).text())?.[1]),
    /** How often the facade was asked for anything. */
    asked: () => Object.values(facade.asked).reduce((sum, calls) => sum + calls.length, 0),
    async stop() {
      await server.close()
      execution.close()
      await protection.close()
    },
  }
}

export type ProtectedServer = Awaited<ReturnType<typeof serveProtected>>
