/** The one file that names concrete parts and puts the house together. Time enters the program here. */
import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { ConfigError } from './config.ts'
import type { Config, LoadedConfig } from './config.ts'
import type { Clock } from './domain/clock.ts'
import type { Source, Venue } from './domain/market.ts'
import { createFacade, createTransports, endpointsOf } from './facade/create.ts'
import type { RunningFacade } from './facade/create.ts'
import { buildSchema } from './graphql/schema.ts'
import { createDocuments } from './server/documents.ts'
import { createExecution } from './server/execution.ts'
import { createProtection } from './server/protection.ts'
import { quietRepeats } from './server/quiet-log.ts'
import { useDocuments } from './server/rules.ts'
import { startServer } from './server/server.ts'
import { aggregators, venues } from './sources/index.ts'
import { createMemoryStore } from './store/memory.ts'
import { createRedisStore } from './store/redis.ts'
import type { Store } from './store/store.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every(ms, run) {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
}

export interface App {
  readonly url: string
  readonly facade: RunningFacade
  /** Answers what is in flight, says goodbye to the readers, then stops. */
  close(): Promise<void>
}

/** Logs go to standard error, so that standard output is left to what a person or a script waits for. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: { run: randomUUID() }, hooks: quietRepeats(systemClock) }, pino.destination(2))

export async function startApp(config: LoadedConfig, logger: Logger): Promise<App> {
  const clock = systemClock
  const { settings } = config
  const store = await openStore(config, clock, logger)
  const transports = createTransports({ config, clock, venues, aggregators })
  const random = Math.random
  const facade = createFacade({ config, clock, store, venues, aggregators, transports, random, logger })
  const schema = buildSchema()
  const protection = createProtection({ settings, schema, clock, logger, prefix: config.redis.prefix })
  const { guard } = protection.rules
  const documents = createDocuments({ schema, guard })
  const onServed = (event: object): void => noteServed(facade, event)
  const execution = createExecution({ schema, documents, clock, guard, onServed })
  const sourceCounts = () =>
    Object.fromEntries(Object.entries(transports).map(([source, transport]) => [source, transport.counts()]))
  const server = await startServer({
    facade,
    config,
    logger,
    clock,
    schema,
    execution,
    protection,
    plugins: [useDocuments(documents)],
    delivery: execution.fanout,
    sourceCounts,
  })
  facade.start()
  return {
    url: server.url,
    facade,
    async close() {
      await server.close(settings.drainSeconds * 1000)
      execution.close()
      await facade.stop()
      for (const transport of Object.values(transports)) await transport.close()
      await protection.close()
      await store.close()
    },
  }
}

/** The bodies of records in the configured store. @throws ConfigError when there is none to ask */
export async function heldRecords(
  config: Config,
  ids: readonly string[],
): Promise<readonly (string | null)[]> {
  const { url } = config.redis
  if (url === null) {
    throw new ConfigError(
      'environment: REDIS_URL = (empty): name the store that holds the record, or give a file',
    )
  }
  const store = await openStore(config, systemClock, createLogger('silent'))
  try {
    const found = await store.snapshots(ids)
    if (!store.status().isConnected) {
      throw new ConfigError(
        'environment: REDIS_URL = (hidden): nobody answers there; correct it, or start Redis',
      )
    }
    return found.map((each) => each?.body ?? null)
  } finally {
    await store.close()
  }
}

/** The adapters of these sources and where they are configured to ask, for a recording of what they say. */
export function adaptersOf(config: Config, sources: readonly Source[]) {
  const all = { ...venues, ...aggregators }
  return {
    sources: sources.map((id) => all[id]),
    endpoints: Object.fromEntries(
      sources.map((id) => [id.toLowerCase(), endpointsOf(config, id, all[id].defaults)]),
    ),
  }
}

async function openStore(config: Config, clock: Clock, logger: Logger): Promise<Store> {
  const memory = createMemoryStore({ clock })
  const { url, prefix, poolSize, maxRetries } = config.redis
  if (url === null) return memory
  const store = createRedisStore({
    ...{ url, prefix, poolSize, maxRetries, clock, logger },
    fallback: memory,
    random: Math.random,
  })
  await store.ready(REDIS_MAY_TAKE_MS)
  return store
}

/** Longer than a healthy Redis ever takes; without one we start all the same and say so. */
const REDIS_MAY_TAKE_MS = 1_000

/** Events of one venue tell how long they took from its socket to the readers'. */
function noteServed(facade: RunningFacade, event: object): void {
  if (!('venue' in event && 'attribution' in event)) return
  const { venue, attribution } = event as { venue: Venue; attribution: { receivedAt: number } }
  facade.noteServed(venue, attribution.receivedAt)
}
