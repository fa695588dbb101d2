/**
 * GraphQL over HTTP: GET, POST and server-sent events. Hides Yoga and its plugins; documents are parsed and
 * checked here for WebSocket readers too (`getEnveloped`), so that one set of rules holds for both.
 */
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention'
import { execute, subscribe } from 'graphql'
import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Plugin, YogaInitialContext, YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import { FacadeError } from '../domain/errors.ts'
import type { Facade } from '../facade/facade.ts'
import { presentError, presentResult } from '../graphql/errors.ts'
import type { Presentation } from '../graphql/errors.ts'
import { createContext } from '../graphql/schema.ts'
import type { OperationContext, Principal } from '../graphql/schema.ts'
import { timely } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import type { Execution } from './quick.ts'
import type { ReadRequest } from './quick-http.ts'
import { EXTRA_PARAMETERS } from './persisted.ts'

export const ENDPOINT = '/graphql'
const MOST_BODY_BYTES = 100_000

/** What the server knows about a request before GraphQL looks at it. */
export interface Incoming {
  readonly requestId: string
  readonly principal: Principal | null
  /** Over a WebSocket. A request over HTTP gets its own here, unless the quick way was tried with one. */
  readonly deadline?: Deadline
}

export type Yoga = YogaServerInstance<Incoming, OperationContext>

export interface YogaParts {
  readonly schema: GraphQLSchema
  readonly facade: Facade
  readonly logger: Logger
  readonly newDeadline: () => Deadline
  readonly execution: Execution | null
  /** Further rules (limits, persisted documents, metrics), run before ours. */
  readonly plugins?: readonly Plugin[]
}

export function createHttp({
  schema,
  facade,
  logger,
  newDeadline,
  execution,
  plugins = [],
}: YogaParts): Yoga {
  return createYoga<Incoming, OperationContext>({
    schema,
    graphqlEndpoint: ENDPOINT,
    context({ requestId, principal, deadline: given, request, ...rest }) {
      const { req } = rest as { readonly req?: ReadRequest }
      if (req?.context !== undefined) return req.context
      const deadline = given ?? heldTo(newDeadline(), request)
      const { signal } = deadline
      return createContext({ facade: timely(facade, deadline), requestId, principal, signal })
    },
    plugins: [
      ...plugins,
      referenceEngine,
      execution === null ? {} : quickQueries(execution),
      preflightedPosts(),
      presentedErrors(logger),
    ],
    multipart: false,
    batching: false,
    maxRequestBodySize: MOST_BODY_BYTES,
    maskedErrors: false,
    landingPage: false,
    // The gate says which pages may read our answers.
    cors: false,
    extraParamNames: EXTRA_PARAMETERS,
    // The page for people is sent before Yoga is asked.
    graphiql: false,
    logging: yogaLog(logger),
    disposeOnProcessTerminate: false,
  })
}

/** Over HTTP the request itself says that the asker has left. */
function heldTo(deadline: Deadline, { signal }: Request): Deadline {
  signal.addEventListener('abort', () => deadline.hangUp(), { once: true })
  return deadline
}

/** graphql-js itself in place of the executor Yoga brings along: half the time on our answers. */
const referenceEngine: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe),
}

/** Errors raised on one operation's way, and where those that are our fault are told. */
function presentationOf(requestId: string, logger: Logger, isHttp: boolean): Presentation {
  return {
    requestId,
    isHttp,
    report: (error) => logger.error({ requestId, err: error }, 'an operation failed'),
  }
}

type AtHand = OperationContext & Partial<YogaInitialContext> & { readonly req?: ReadRequest }

/** Answers a query with text made the quick way, where there is one. */
function quickQueries(execution: Execution): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) => {
      setExecuteFn(async (args) => {
        const { params, request, req } = args.contextValue as AtHand
        // Without a request it came over a WebSocket; there, and where it was tried before, there is no quick way.
        if (request === undefined || req?.isTried === true) return executeFn(args)
        const text = await execution.query({
          query: params?.query ?? '',
          operationName: args.operationName ?? null,
          variables: args.variableValues ?? {},
          context: args.contextValue,
        })
        // Yoga sends what `stringify` returns in place of the result.
        return text === null ? executeFn(args) : { stringify: () => text }
      })
    },
  }
}

/** A browser lets any page send a form or plain text; JSON it asks about first. So posts must be JSON, with no way round. */
function preflightedPosts(): Plugin {
  const { onRequestParse } = useCSRFPrevention({ requestHeaders: [] })
  return {
    onRequestParse: (payload) => (payload.request.method === 'POST' ? onRequestParse?.(payload) : undefined),
  }
}

function presentedErrors(logger: Logger): Plugin<object, Incoming> {
  return {
    onResultProcess({ result, setResult, serverContext, request }) {
      // A refusal is an event of the stream like any other: clients ask again and again behind any status but 200.
      // A document made to cost is turned away all the same.
      const isStream = (request.headers.get('accept') ?? '').startsWith('text/event-stream')
      const isHttp = !isStream || isTooComplex(result)
      const presentation = presentationOf(serverContext.requestId, logger, isHttp)
      if (Array.isArray(result)) return
      if (isStreamed(result)) setResult(presentedStream(result, presentation))
      else setResult(presentResult(result as ExecutionResult, presentation))
    },
  }
}

const isTooComplex = (result: object | undefined): boolean =>
  ((result as ExecutionResult | undefined)?.errors ?? []).some(
    ({ originalError, extensions }) =>
      extensions['code'] === 'QUERY_TOO_COMPLEX' ||
      (originalError instanceof FacadeError && originalError.code === 'QUERY_TOO_COMPLEX'),
  )

/** Hand-written, since an async generator parked on a quiet market cannot be left. */
function presentedStream(
  results: AsyncIterable<ExecutionResult>,
  presentation: Presentation,
): AsyncIterable<ExecutionResult> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = results[Symbol.asyncIterator]()
      let isOver = false
      return {
        async next() {
          if (isOver) return { done: true, value: undefined }
          try {
            const { done, value } = await iterator.next()
            return done === true
              ? { done, value }
              : { done: false, value: presentResult(value, presentation) }
          } catch (error) {
            isOver = true
            return { done: false, value: { errors: [presentError(error, presentation)] } }
          }
        },
        async return() {
          isOver = true
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}

const isStreamed = (result: object): result is AsyncIterable<ExecutionResult> =>
  Symbol.asyncIterator in result

function yogaLog(logger: Logger) {
  const say =
    (level: 'debug' | 'warn') =>
    (...words: unknown[]) =>
      logger[level]({ yoga: words.map(String) }, 'yoga')
  // What Yoga calls an error has been presented and told already.
  return { debug: () => undefined, info: () => undefined, warn: say('warn'), error: say('debug') }
}
