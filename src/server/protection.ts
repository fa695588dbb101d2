/**
 * Everything that stands between strangers and the facade, made from the environment's settings in one go: bounds on
 * documents, the door for sockets, the gate for HTTP, and what is told about both.
 */
import type { GraphQLSchema } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Clock } from '../domain/clock.ts'
import type { Settings } from '../environment.ts'
import { createAuth } from './auth.ts'
import { createCounters } from './counters.ts'
import type { Counters } from './counters.ts'
import { createDoor } from './door.ts'
import type { Door } from './door.ts'
import { createGate } from './gate.ts'
import type { Gate } from './gate.ts'
import { LIMITS, createGuard } from './guard.ts'
import { watchLag } from './lag.ts'
import type { Lag } from './lag.ts'
import type { OperationRules } from './operation.ts'
import { createOrigins } from './origins.ts'
import { loadPersisted, usePersisted } from './persisted.ts'
import type { Readiness } from './probes.ts'
import { createRates } from './rates.ts'
import { useGuard } from './rules.ts'
import { createTracer } from './spans.ts'
import type { Tracer } from './spans.ts'

export interface Protection {
  readonly door: Door
  readonly gate: Gate
  /** For documents and the quick execution, too: `rules.guard`. */
  readonly rules: OperationRules
  readonly plugins: readonly Plugin[]
  readonly counters: Counters
  readonly lag: Lag
  readonly tracer: Tracer | null
  readonly readiness: Readiness
  /** The longest a query may take. */
  readonly operationMs: number
  readonly hasGraphiql: boolean
  readonly hasMetrics: boolean
  /** Last of all, when nobody is connected any more. */
  close(): Promise<void>
}

export interface ProtectionParts {
  readonly settings: Settings
  readonly schema: GraphQLSchema
  readonly clock: Clock
  readonly logger: Logger
  /** Of keys in Redis. */
  readonly prefix?: string
}

export function createProtection({ settings, schema, clock, logger, prefix }: ProtectionParts): Protection {
  warnOfOpenDoor(settings, logger)
  const isProduction = settings.profile === 'production'
  const counters = createCounters()
  const origins = createOrigins(settings.origins)
  const lag = watchLag(clock)
  const auth = createAuth({
    settings,
    clock,
    onTrouble: (error) => logger.warn({ err: error }, "the issuer's keys cannot be had"),
  })
  const rates = createRates({
    perAddress: settings.requestsPerMinute,
    perPrincipal: settings.principalRequestsPerMinute,
    redisUrl: settings.redisUrl,
    ...(prefix === undefined ? {} : { prefix }),
    onRedis: (isConnected) =>
      isConnected ? logger.info('rates are counted in Redis') : logger.warn('rates are counted in memory'),
  })
  const persisted = loadPersisted()
  const guard = createGuard({
    schema,
    limits: limitsOf(settings),
    hasIntrospection: settings.introspection ?? !isProduction,
    isListed: settings.documents === 'persisted' ? persisted.isListed : null,
  })
  const { traceEndpoint: endpoint, traceService: service } = settings
  const tracer = endpoint === null ? null : createTracer({ endpoint, service, clock })
  const shared = { settings, auth, origins, rates, clock, counters }
  return {
    door: createDoor(shared),
    gate: createGate({ ...shared, lag }),
    rules: { guard, persisted },
    plugins: [usePersisted(persisted), useGuard(guard)],
    counters,
    lag,
    tracer,
    readiness: {
      leastLiveVenues: settings.leastLiveVenues,
      needsStore: settings.needsStore === 'on',
    },
    operationMs: settings.operationSeconds * 1000,
    hasGraphiql: settings.graphiql ?? !isProduction,
    hasMetrics: settings.metrics === 'on',
    async close() {
      lag.stop()
      rates.close()
      await tracer?.close()
    },
  }
}

function limitsOf(settings: Settings) {
  return {
    ...LIMITS,
    tokens: settings.mostTokens,
    depth: settings.mostDepth,
    aliases: settings.mostAliases,
    fields: settings.mostFields,
    cost: settings.mostCost,
  }
}

const LOOPBACK = /^(127\.|localhost$|::1$)/

function warnOfOpenDoor({ authMode, host }: Settings, logger: Logger): void {
  if (authMode !== 'none' || LOOPBACK.test(host)) return
  logger.warn(
    { host },
    'OPEN TO EVERYONE: this address can be reached from other machines and AUTH_MODE is none; ' +
      'set AUTH_MODE=keys or jwt, or HOST=127.0.0.1',
  )
}
